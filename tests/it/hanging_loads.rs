//! A loader that hangs delays its own caller, and every other caller for a bounded time only.

use std::sync::Arc;
use std::time::Duration;

use jollycache::{Cache, ErrorKind, MemoryBackend, Policy};
use jollycache_tests::{Fault, FaultyBackend, Gate};
use tokio::task::JoinHandle;

/// Waits outlast the test, so that a caller that waits for a loader that hangs fails it.
const LONG: Duration = Duration::from_mins(5);
const SOON: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_millis(300);
/// Few, so that few callers take them all.
const PLACES: usize = 4;

fn policy() -> Policy {
    Policy::new().ttl(LONG).wait(LONG).lease(LONG).timeout(LONG)
}

async fn read(cache: &Cache, key: &'static str, policy: &Policy) -> u64 {
    let read = cache.get_or_load(key, policy, async || Ok::<_, String>(7));
    tokio::time::timeout(SOON, read).await.expect("waits for a loader that hangs").expect("the load succeeds")
}

/// A read whose load hangs, and has begun.
async fn hanging(cache: &Cache, key: String, policy: &Policy) -> JoinHandle<()> {
    let gate = Gate::new();
    let (cache, policy, held) = (cache.clone(), policy.clone(), gate.clone());
    let task = tokio::spawn(async move {
        let load = async || {
            held.pass().await;
            Ok::<_, String>(1_u64)
        };
        let _ = cache.get_or_load(key, &policy, load).await;
    });
    gate.reached().await;
    task
}

#[tokio::test]
async fn its_flight_ends_with_its_lease() {
    let cache = Cache::builder().namespace("hanging").backend(MemoryBackend::new()).build().unwrap();
    let policy = policy().lease(LEASE);
    let hanging = hanging(&cache, "number".into(), &policy).await;
    assert_eq!(read(&cache, "number", &policy).await, 7);
    assert_eq!(cache.get::<u64>("number").await.unwrap(), Some(7), "the next load is stored");
    hanging.abort();
}

/// A cache whose reads fail, with few places for loads.
fn in_an_outage() -> Cache {
    let backend = FaultyBackend::over(Arc::new(MemoryBackend::new()));
    for operation in ["read", "ping"] {
        backend.fault(operation, Fault::Fails(ErrorKind::Unavailable));
    }
    let builder = Cache::builder().namespace("hanging").shared_backend(backend);
    builder.max_unleased_loads(PLACES).build().unwrap()
}

#[tokio::test]
async fn in_an_outage_its_key_is_loaded_all_the_same() {
    let cache = in_an_outage();
    let hanging = hanging(&cache, "number".into(), &policy()).await;
    assert_eq!(read(&cache, "number", &policy()).await, 7);
    hanging.abort();
}

#[tokio::test]
async fn in_an_outage_other_keys_get_their_places() {
    let cache = in_an_outage();
    let mut all = Vec::new();
    for i in 0..PLACES {
        all.push(hanging(&cache, format!("hangs:{i}"), &policy()).await);
    }
    assert_eq!(read(&cache, "number", &policy()).await, 7);
    for hanging in all {
        hanging.abort();
    }
}
