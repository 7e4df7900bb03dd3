//! A lease has an owner from before its request: whatever happens to the caller, no other caller waits for a load that
//! does not run.

use std::sync::Arc;
use std::time::Duration;

use jollycache::backend::Backend;
use jollycache::{Cache, ErrorKind, Key, MemoryBackend, Policy};
use jollycache_tests::{Fault, FaultyBackend};

/// Leases and waits outlast the test, so that a caller that waits for a lease without an owner fails it.
const LONG: Duration = Duration::from_mins(5);
const SOON: Duration = Duration::from_secs(20);

fn policy() -> Policy {
    Policy::new().ttl(LONG).lease(LONG).wait(LONG)
}

fn cache_over(backend: Arc<dyn Backend>, timeout: Duration) -> Cache {
    let policy = Policy::new().timeout(timeout);
    Cache::builder().namespace("leases").shared_backend(backend).default_policy(policy).build().unwrap()
}

/// A cache whose backend can be made faulty, and another one on the same store.
fn caches(timeout: Duration) -> (Arc<FaultyBackend>, Cache, Cache) {
    let store = Arc::new(MemoryBackend::new());
    let faulty = FaultyBackend::over(store.clone());
    (faulty.clone(), cache_over(faulty, timeout), cache_over(store, LONG))
}

async fn read(cache: &Cache) -> u64 {
    cache.get_or_load("number", &policy(), async || Ok::<_, String>(7)).await.expect("the load succeeds")
}

/// Another process loads and stores, without waiting for the lease to end by itself.
async fn assert_free(other: &Cache) {
    let read = tokio::time::timeout(SOON, read(other)).await;
    assert_eq!(read.expect("the lease that is waited for has no owner"), 7);
    assert_eq!(other.get::<u64>("number").await.unwrap(), Some(7), "it was stored");
}

/// Cancels `call` while the answer to its request for a lease is under way.
async fn cancelled_while_asking<F: Future<Output = ()> + Send + 'static>(call: impl FnOnce(Cache) -> F) {
    let (faulty, cache, other) = caches(LONG);
    faulty.fault("lease", Fault::AnswerLost);
    let caller = tokio::spawn(call(cache.clone()));
    faulty.until_asked("lease", 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    assert_free(&other).await;
}

#[tokio::test]
async fn a_read_cancelled_during_its_request_leaves_no_lease() {
    cancelled_while_asking(async |cache| {
        read(&cache).await;
    })
    .await;
}

#[tokio::test]
async fn an_update_cancelled_during_its_request_leaves_no_lease() {
    cancelled_while_asking(async |cache| drop(cache.update("number", &policy(), |_: Option<u64>| 1).await))
        .await;
}

#[tokio::test]
async fn a_read_of_many_cancelled_during_its_request_leaves_no_lease() {
    cancelled_while_asking(async |cache| {
        let load = async |_| Ok::<_, String>(std::collections::HashMap::<Key, u64>::new());
        drop(cache.get_or_load_many(&[Key::from("number")], &policy(), load).await);
    })
    .await;
}

#[tokio::test]
async fn a_write_that_is_cancelled_while_it_is_announced_leaves_no_intent() {
    for operation in ["begin_write", "close_tags"] {
        let (faulty, cache, other) = caches(LONG);
        faulty.fault(operation, Fault::AnswerLost);
        let writer = cache.clone();
        let caller = tokio::spawn(async move {
            let write = writer.begin_write_with(["number"], ["numbers"], &policy().intent(LONG)).await;
            drop(write);
        });
        faulty.until_asked(operation, 1).await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        let tagged = policy().tag("numbers");
        let stored = async {
            while other.get::<u64>("number").await.unwrap().is_none() {
                let load = async || Ok::<_, String>(7_u64);
                other.get_or_load("number", &tagged, load).await.expect("the load succeeds");
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, stored).await.expect("an intent without an owner blocks every fill");
    }
}

#[tokio::test]
async fn a_lease_whose_answer_comes_too_late_is_given_back() {
    let (faulty, cache, other) = caches(Duration::from_millis(20));
    faulty.fault("lease", Fault::AnswerLost);
    assert_eq!(read(&cache).await, 7, "the call goes on without the cache");
    assert_free(&other).await;
}

#[tokio::test]
async fn a_fill_that_is_refused_gives_the_lease_back() {
    let (faulty, cache, other) = caches(LONG);
    faulty.fault("fill", Fault::Fails(ErrorKind::Backend));
    assert_eq!(read(&cache).await, 7);
    assert_free(&other).await;
}

#[tokio::test]
async fn an_update_that_cannot_be_stored_gives_the_lease_back() {
    let (faulty, cache, other) = caches(LONG);
    faulty.fault("fill", Fault::Fails(ErrorKind::Backend));
    let updated = cache.update("number", &policy(), |_: Option<u64>| 1).await;
    assert!(updated.is_err(), "every attempt is refused: {updated:?}");
    assert_free(&other).await;
}

#[tokio::test]
async fn a_call_that_is_cancelled_while_it_fills_gives_the_lease_back() {
    let (faulty, cache, other) = caches(LONG);
    faulty.fault("fill", Fault::Lost);
    let caller = {
        let cache = cache.clone();
        tokio::spawn(async move { read(&cache).await })
    };
    faulty.until_asked("fill", 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    assert_free(&other).await;
}

#[tokio::test]
async fn a_release_that_is_not_answered_is_tried_again() {
    let (faulty, cache, other) = caches(LONG);
    for operation in ["fill", "release"] {
        faulty.fault(operation, Fault::Lost);
    }
    let caller = {
        let cache = cache.clone();
        tokio::spawn(async move { read(&cache).await })
    };
    faulty.until_asked("fill", 1).await;
    caller.abort();
    faulty.until_asked("release", 1).await;
    faulty.mend();
    assert_free(&other).await;
}
