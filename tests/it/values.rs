//! A value comes back from the cache as it was, or it is not stored and that is counted: by each way in, on each backend.

#![allow(clippy::option_option, reason = "what a format may not keep")]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jollycache::{Audit, Cache, ErrorKind, Key, MemoryBackend, Policy, cache_put, cacheable, scope};
use jollycache_tests::Gate;

use crate::backends::on_each_backend;

/// What JSON cannot hold: it writes `Some(None)` as it does `None`.
type Nested = Option<Option<u8>>;

const LOSSY: Nested = Some(None);

fn policy() -> Policy {
    Policy::new().ttl(Duration::from_mins(1))
}

async fn is_stored(cache: &Cache, key: &str) -> bool {
    cache.exists(key).await.expect("asks")
}

fn lossy(cache: &Cache) -> u64 {
    cache.stats().total.lossy_values
}

#[cacheable(key = "read")]
async fn read() -> Result<[Nested; 1], ()> {
    Ok([LOSSY])
}

/// What the shape of the returned type keeps, the format need not.
#[cacheable(key = "shaped")]
async fn read_shaped() -> Result<Option<Option<u8>>, ()> {
    Ok(Some(None))
}

#[cache_put(key = "written")]
async fn write() -> Result<f64, ()> {
    Ok(f64::NAN)
}

on_each_backend!(a_value_that_would_come_back_as_another_is_stored_by_no_way, |caches| async move {
    let cache = caches.new_cache().await;
    let kind = |done: jollycache::Result<()>| done.expect_err("it is refused").kind();
    assert_eq!(kind(cache.put("a", &LOSSY, &policy()).await), ErrorKind::Lossy);
    assert_eq!(kind(cache.set("b", &f64::NAN, Duration::from_mins(1)).await), ErrorKind::Lossy);
    let many = [(Key::from("c"), 1.5), (Key::from("d"), f64::INFINITY)];
    assert_eq!(kind(cache.set_many(&many, Duration::from_mins(1)).await), ErrorKind::Lossy);
    assert!(is_stored(&cache, "c").await, "each for itself");
    assert_eq!(lossy(&cache), 3);

    let loaded = async || Ok::<_, ()>(LOSSY);
    assert_eq!(cache.get_or_load("e", &policy(), loaded).await, Ok(LOSSY));
    let keys = [Key::from("f"), Key::from("g")];
    let load = async |_| Ok::<_, ()>(HashMap::from([("f".into(), LOSSY), ("g".into(), Some(Some(7)))]));
    let found = cache.get_or_load_many(&keys, &policy(), load).await.expect("loads");
    assert_eq!(found[&keys[0]], LOSSY);
    assert!(is_stored(&cache, "g").await);
    assert_eq!(lossy(&cache), 5);

    let updated = cache.update("h", &policy(), |_: Option<f64>| f64::NAN).await;
    assert_eq!(updated.expect_err("it is refused").kind(), ErrorKind::Lossy);
    let guard = cache.begin_write(["i"], [""; 0]).await.expect("begins");
    assert!(!guard.commit_put("i", &LOSSY, &policy()).await.expect("evicts"));
    scope(cache.clone(), async {
        for _ in 0..2 {
            assert_eq!(read().await, Ok([LOSSY]));
            assert_eq!(read_shaped().await, Ok(Some(None)));
        }
        assert!(write().await.is_ok_and(f64::is_nan));
    })
    .await;
    assert_eq!(lossy(&cache), 10);
    for key in ["a", "b", "d", "e", "f", "h", "i", "read", "written"] {
        assert!(!is_stored(&cache, key).await, "{key} is stored");
    }
    assert!(is_stored(&cache, "shaped").await);
    assert_eq!(cache.stats().total.rejected_values, 0);

    let by_tuple = BTreeMap::from([((1, 2), 3)]);
    let refused = cache.put("j", &by_tuple, &policy()).await.expect_err("JSON has no such keys");
    assert_eq!(refused.kind(), ErrorKind::Encode);
    assert_eq!(cache.stats().total.rejected_values, 1);
});

#[tokio::test]
async fn a_limit_beyond_what_a_server_takes_builds_no_cache() {
    let builder = || Cache::builder().namespace("it").backend(MemoryBackend::new());
    let refused = builder().max_value_bytes(usize::MAX).build().expect_err("too much");
    assert_eq!(refused.kind(), ErrorKind::Config);
    builder().max_value_bytes(500 << 20).build().expect("the most");
}

on_each_backend!(followers_get_no_changed_value, |caches| async move {
    let cache = caches.new_cache().await;
    let (gate, loads) = (Gate::new(), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (cache, gate, loads) = (cache.clone(), gate.clone(), loads.clone());
            tokio::spawn(async move {
                let load = async || {
                    if loads.fetch_add(1, Ordering::SeqCst) == 0 {
                        gate.pass().await;
                    }
                    Ok::<_, ()>(LOSSY)
                };
                cache.get_or_load("number", &policy(), load).await
            })
        })
        .collect();
    gate.reached().await;
    while cache.stats().waiting < 7 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gate.open();
    for caller in callers {
        assert_eq!(caller.await.expect("joins"), Ok(LOSSY));
    }
    assert_eq!(loads.load(Ordering::SeqCst), 8, "each loads for itself");
});

on_each_backend!(an_audit_stores_no_changed_value, |caches| async move {
    let cache = caches.new_cache().await;
    let policy = policy().region("numbers");
    cache.put("number", &1.5_f64, &policy).await.expect("stores");
    let audit = Audit::new(async |_: Key| Ok::<_, std::io::Error>(Some(f64::NAN)));
    cache.register_audit("numbers", audit).expect("registers");
    let report = cache.audit_now().await.expect("audits");
    assert_eq!((report.total.differences, report.total.repaired), (1, 1));
    assert!(!is_stored(&cache, "number").await, "it is evicted, and not replaced");
});
