//! A cache over a backend without capabilities: it serves what the core allows, and refuses the rest with a clear error.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use jollycache::rate_limit::RateLimiter;
use jollycache::session::SessionService;
use jollycache::{Audit, Cache, Error, ErrorKind, Key, MemoryBackend, Policy, cache_evict};
use jollycache_tests::CoreBackend;

fn cache() -> Cache {
    let backend = CoreBackend::over(Arc::new(MemoryBackend::new()));
    Cache::builder().namespace("core").backend(backend).build().expect("a cache")
}

fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, Error>, message: &str) {
    let error = outcome.expect_err(message);
    assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::Config, message));
}

#[tokio::test]
async fn the_core_serves_loads_puts_and_evictions() {
    let (cache, policy) = (cache(), Policy::new().ttl(Duration::from_mins(1)).tag("numbers"));
    let load = async |number: u64| {
        cache.get_or_load("a", &policy, async move || Ok::<_, Error>(number)).await.expect("a value")
    };
    assert_eq!((load(1).await, load(2).await), (1, 1), "the second is a hit");
    cache.put("a", &3_u64, &policy).await.expect("a put");
    assert_eq!(load(4).await, 3);
    assert!(cache.evict("a").await.expect("an eviction"));
    assert_eq!((load(5).await, load(6).await), (5, 5));
    cache.evict_tags(["numbers"]).await.expect("an eviction");
    assert_eq!(load(7).await, 7);
    assert_eq!(
        cache.update("a", &policy, |found: Option<u64>| found.unwrap_or(0) + 1).await.expect("an update"),
        8
    );
    cache.ping().await.expect("an answer");
    assert_eq!(cache.info().await.expect("a report").backend, "core");
}

#[tokio::test]
async fn what_the_backend_lacks_is_refused_with_its_name() {
    let cache = cache();
    let lacks = |operation: &str, what: &str| {
        format!("`{operation}` needs {what}, which the backend `core` does not support")
    };
    let lock = cache.lock("l").ttl(Duration::from_secs(1)).acquire().await.map(drop);
    assert_refused(lock, &lacks("lock", "locks"));
    assert_refused(cache.increment("c", 1).await, &lacks("add", "counters"));
    assert_refused(cache.ttl("a").await, &lacks("ttl", "lifetimes of stored values"));
    let lifetimes = lacks("expire", "lifetimes of stored values");
    assert_refused(cache.expire("a", Duration::from_secs(1)).await, &lifetimes);
    assert_refused(cache.keys("*", 10).await, &lacks("scan", "scans of its keys"));
    assert_refused(cache.events().await.map(drop), &lacks("subscribe", "topics"));
    assert_refused(RateLimiter::builder(&cache).build().map(drop), &lacks("a rate limiter", "rate limits"));
    let sessions = SessionService::<u64>::builder(cache.clone()).build().map(drop);
    assert_refused(sessions, &lacks("a session service", "lifetimes of stored values"));
    let backend = CoreBackend::over(Arc::new(MemoryBackend::new()));
    let with_events = Cache::builder().namespace("core").backend(backend).events(true).build();
    assert_refused(with_events.map(drop), &lacks("events(true)", "topics"));
}

#[tokio::test]
async fn an_eviction_that_needs_a_scan_is_refused_and_not_queued() {
    let (cache, policy) = (cache(), Policy::new().ttl(Duration::from_mins(1)));
    cache.put("a:1", &1_u64, &policy).await.expect("a put");
    let message = "`an eviction by pattern or region` needs scans of its keys, which the backend `core` does not support";
    assert_refused(cache.evict_pattern("a:*").await, message);
    assert_refused(cache.evict_region("default").await, message);
    assert_eq!(cache.get::<u64>("a:1").await.expect("a read"), Some(1), "nothing is bypassed");
    assert_eq!(cache.stats().pending_invalidations, 0, "nothing is queued");
}

/// Never returns, so that its eviction can only be queued.
#[cache_evict(cache = "default", all, pattern = "a:*")]
async fn write_without_end() -> Result<(), Error> {
    std::future::pending().await
}

#[tokio::test]
async fn a_cancelled_eviction_that_needs_a_scan_is_not_queued() {
    let (cache, policy) = (cache(), Policy::new().ttl(Duration::from_mins(1)));
    cache.put("a:1", &1_u64, &policy).await.expect("a put");
    assert!(jollycache::scope(cache.clone(), write_without_end()).now_or_never().is_none(), "it waits");
    assert_eq!(cache.stats().pending_invalidations, 0, "nothing is queued that cannot be delivered");
    assert_eq!(cache.get::<u64>("a:1").await.expect("a read"), Some(1), "nothing is bypassed");
}

#[tokio::test]
async fn an_audit_evicts_where_lifetimes_cannot_be_read() {
    let backend = CoreBackend::with_keyspace(Arc::new(MemoryBackend::new()));
    let cache = Cache::builder().namespace("core").backend(backend).build().expect("a cache");
    let audit = Audit::new(|_: Key| async { Ok::<_, Error>(Some(2_u64)) }).every(Duration::from_hours(1));
    cache.register_audit("numbers", audit).expect("an audit");
    cache.put("a", &1_u64, &Policy::new().region("numbers")).await.expect("a put");
    let report = cache.audit_now().await.expect("a report");
    assert_eq!((report.total.differences, report.total.repaired), (1, 1), "{report:?}");
    assert_eq!(cache.get::<u64>("a").await.expect("a read"), None, "the wrong value is evicted");
}
