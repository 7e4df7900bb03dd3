//! One cache, used from one runtime after another: what a runtime's end interrupts is taken up by the next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jollycache::{Cache, MemoryBackend, Policy};
use jollycache_tests::{Fault, FaultyBackend};
use tokio::runtime::{Builder, Runtime};

/// Short beside what the test waits for, since each lost operation costs it once.
const TIMEOUT: Duration = Duration::from_millis(20);
/// A promise of one second, on a machine that does something else too.
const SOON: Duration = Duration::from_secs(10);

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts")
}

fn cache_over(backend: &Arc<FaultyBackend>) -> Cache {
    let policy = Policy::new().ttl(Duration::from_mins(1)).timeout(TIMEOUT);
    Cache::builder()
        .namespace("runtimes")
        .shared_backend(backend.clone())
        .default_policy(policy)
        .build()
        .unwrap()
}

async fn read(cache: &Cache) -> u64 {
    cache.get_or_load("number", &Policy::new(), async || Ok::<_, String>(7)).await.expect("the load succeeds")
}

#[test]
fn a_runtime_that_ends_during_a_probe_leaves_the_cache_in_use() {
    let backend = FaultyBackend::over(Arc::new(MemoryBackend::new()));
    let cache = cache_over(&backend);
    for operation in ["read", "ping"] {
        backend.fault(operation, Fault::Lost);
    }
    let first = runtime();
    first.block_on(async {
        while cache.is_connected() {
            assert_eq!(read(&cache).await, 7);
        }
        backend.until_asked("ping", 1).await;
    });
    drop(first);
    backend.mend();

    runtime().block_on(async {
        let start = Instant::now();
        while !cache.is_connected() {
            assert!(start.elapsed() < SOON, "the breaker stays open though the backend answers");
            assert_eq!(read(&cache).await, 7);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        read(&cache).await;
        assert_eq!(cache.get::<u64>("number").await.unwrap(), Some(7), "it is cached again");
    });
}

#[test]
fn a_runtime_that_ends_while_a_lease_is_given_back_leaves_that_to_the_next() {
    let store = Arc::new(MemoryBackend::new());
    let backend = FaultyBackend::over(store.clone());
    let minutes = Duration::from_mins(5);
    let cache = Cache::builder().namespace("runtimes").shared_backend(backend.clone()).build().unwrap();
    let other = Cache::builder().namespace("runtimes").shared_backend(store).build().unwrap();
    let policy = Policy::new().ttl(minutes).timeout(minutes).lease(minutes).wait(minutes);
    for operation in ["fill", "release"] {
        backend.fault(operation, Fault::Lost);
    }
    let first = runtime();
    first.block_on(async {
        let caller = {
            let (cache, policy) = (cache.clone(), policy.clone());
            tokio::spawn(async move {
                let load = async || Ok::<_, String>(1_u64);
                cache.get_or_load("number", &policy, load).await
            })
        };
        backend.until_asked("fill", 1).await;
        caller.abort();
        backend.until_asked("release", 1).await;
    });
    drop(first);
    backend.mend();

    runtime().block_on(async {
        assert_eq!(cache.get::<u64>("number").await.unwrap(), None);
        let load = async || Ok::<_, String>(7_u64);
        let value = tokio::time::timeout(SOON, other.get_or_load("number", &policy, load)).await;
        assert_eq!(value.expect("the lease that is waited for has no owner"), Ok(7));
    });
}

#[test]
fn events_that_were_under_way_when_the_runtime_ended_count_as_lost() {
    let backend = FaultyBackend::over(Arc::new(MemoryBackend::new()));
    backend.fault("publish", Fault::Lost);
    let builder = Cache::builder().namespace("runtimes").shared_backend(backend.clone()).events(true);
    let cache = builder.build().unwrap();
    let first = runtime();
    first.block_on(async {
        cache.evict("number").await.unwrap();
        backend.until_asked("publish", 1).await;
    });
    drop(first);
    assert_eq!(cache.stats().events_lost, 1);
}
