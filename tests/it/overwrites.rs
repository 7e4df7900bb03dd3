//! A put by hand that does not store its value leaves no older one.

use std::sync::Arc;
use std::time::Duration;

use jollycache::{Cache, ErrorKind, MemoryBackend, Policy};
use jollycache_tests::{Fault, FaultyBackend};

/// Lifetimes outlast the test.
const LONG: Duration = Duration::from_mins(5);
const TIMEOUT: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than the lease of a put with this timeout.
const PAUSE: Duration = Duration::from_millis(2100);
/// More than the worker tries to give back what would end by itself.
const TRIES: usize = 8;

/// A cache that holds 1, and its backend.
async fn cache_of_one(timeout: Duration) -> (Arc<FaultyBackend>, Cache) {
    let backend = FaultyBackend::over(Arc::new(MemoryBackend::new()));
    let policy = Policy::new().timeout(timeout);
    let cache = Cache::builder()
        .namespace("overwrites")
        .shared_backend(backend.clone())
        .default_policy(policy)
        .build()
        .unwrap();
    cache.set("number", &1_u64, LONG).await.unwrap();
    (backend, cache)
}

#[tokio::test]
async fn a_put_takes_two_round_trips_and_extends_its_tags_with_the_fill() {
    let (backend, cache) = cache_of_one(TIMEOUT).await;
    let operations = ["take_lease", "tag_ids", "fill", "extend_tags"];
    let before = operations.map(|operation| backend.calls(operation));
    cache.put("number", &2_u64, &Policy::new().tag("even").ttl(LONG)).await.unwrap();
    let after = operations.map(|operation| backend.calls(operation));
    let sent: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    assert_eq!(sent, [1, 1, 1, 0], "{operations:?}");
    assert_eq!(cache.get::<u64>("number").await.unwrap(), Some(2));
}

#[tokio::test]
async fn a_put_whose_process_was_paused_beyond_its_lease_leaves_no_older_value() {
    let (backend, cache) = cache_of_one(TIMEOUT).await;
    let gate = backend.hold_next("take_lease");
    let put = tokio::spawn({
        let cache = cache.clone();
        async move { cache.set("number", &2_u64, LONG).await }
    });
    gate.reached().await;
    // Nothing of this runtime goes on meanwhile, as in a process that is paused.
    std::thread::sleep(PAUSE);
    gate.open();
    put.await.unwrap().unwrap();
    assert_eq!(cache.get::<u64>("number").await.unwrap(), None, "it was not stored, and 1 is older");
}

#[tokio::test]
async fn a_put_that_failed_evicts_its_key_however_long_the_backend_is_away() {
    let (backend, cache) = cache_of_one(Duration::from_millis(50)).await;
    backend.fault("take_lease", Fault::AnswerLost);
    for undone_by in ["end_write", "invalidate", "ping"] {
        backend.fault(undone_by, Fault::Fails(ErrorKind::Unavailable));
    }
    let put = cache.set("number", &2_u64, LONG).await;
    assert_eq!(put.unwrap_err().kind(), ErrorKind::Timeout);
    let undone = || backend.calls("end_write") + backend.calls("invalidate");
    tokio::time::timeout(PATIENCE, async {
        while undone() < TRIES {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the worker goes on");
    backend.mend();
    let evicted = async {
        while cache.exists("number").await.unwrap() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, evicted).await.expect("the key is evicted when the backend answers");
}
