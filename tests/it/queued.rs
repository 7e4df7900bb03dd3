//! Evictions that wait in the process to be delivered: what is read meanwhile, and what their delivery leaves.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use jollycache::{Cache, Error, ErrorKind, Key, Policy, cache_evict, scope};
use jollycache_tests::{Fault, FaultyBackend, Gate};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::backends::{Caches, on_each_backend};

/// Long enough for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// A grace that does not end during a test.
const LONG: Duration = Duration::from_mins(10);
/// More than the queue holds.
const MANY: usize = 10_001;

/// A cache whose store rejects invalidations on demand, and another one on the same store.
struct Fixture {
    store: Arc<FaultyBackend>,
    cache: Cache,
    other: Cache,
}

impl Fixture {
    async fn on(caches: &Caches) -> Self {
        Fixture::with(caches, Policy::new()).await
    }

    async fn with(caches: &Caches, policy: Policy) -> Self {
        let store = FaultyBackend::over(caches.backend().await);
        let cache = Cache::builder()
            .namespace("it")
            .shared_backend(store.clone())
            .default_policy(policy.timeout(PATIENCE))
            .build()
            .unwrap();
        Fixture { store, cache, other: caches.new_cache().await }
    }

    /// Lets the store refuse invalidations, in a way that opens no breaker.
    fn refuse(&self) {
        for operation in ["invalidate", "invalidate_matching"] {
            self.store.fault(operation, Fault::Fails(ErrorKind::Backend));
        }
    }

    /// Lets the store take invalidations again, and waits until those that are queued are delivered.
    async fn deliver(&self) {
        self.store.mend();
        let start = Instant::now();
        while self.cache.stats().pending_invalidations > 0 {
            assert!(start.elapsed() < PATIENCE, "not delivered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The policy of what is stored here: of a region and with a tag that readers do not name.
fn stored() -> Policy {
    Policy::new().region("product").tag("products").ttl(Duration::from_mins(5))
}

/// An eviction that reaches the key `product:1`.
#[derive(Debug, Clone, Copy)]
enum By {
    Key,
    Tag,
    Pattern,
    Region,
}

const EACH_WAY: [By; 4] = [By::Key, By::Tag, By::Pattern, By::Region];

impl By {
    async fn evict(self, cache: &Cache) -> Result<(), Error> {
        match self {
            By::Key => cache.evict("product:1").await.map(drop),
            By::Tag => cache.evict_tags(["products"]).await,
            By::Pattern => cache.evict_pattern("product:*").await.map(drop),
            By::Region => cache.evict_region("product").await.map(drop),
        }
    }
}

async fn load(cache: &Cache, policy: &Policy, value: u64) -> u64 {
    cache.get_or_load("product:1", policy, async || Ok::<_, String>(value)).await.unwrap()
}

async fn load_many(cache: &Cache, policy: &Policy, value: u64) -> u64 {
    let load = async |keys: Vec<Key>| Ok::<_, String>(keys.into_iter().map(|key| (key, value)).collect());
    cache.get_or_load_many(&["product:1".into()], policy, load).await.unwrap()[&"product:1".into()]
}

async fn cached(cache: &Cache) -> Option<u64> {
    cache.get("product:1").await.unwrap()
}

async fn cached_many(cache: &Cache) -> Option<u64> {
    cache.get_many(&["product:1".into()]).await.unwrap()[0]
}

on_each_backend!(a_value_with_a_queued_eviction_is_not_read_in_this_process, |caches| async move {
    for by in EACH_WAY {
        let fixture = Fixture::on(&caches).await;
        let cache = &fixture.cache;
        cache.put("product:1", &1_u64, &stored()).await.unwrap();
        fixture.refuse();
        by.evict(cache).await.expect_err("it is queued");
        let policy = Policy::new();
        assert_eq!(cached(cache).await, None, "get, {by:?}");
        assert_eq!(cached_many(cache).await, None, "get_many, {by:?}");
        assert_eq!(load(cache, &policy, 2).await, 2, "get_or_load, {by:?}");
        assert_eq!(load_many(cache, &policy, 2).await, 2, "get_or_load_many, {by:?}");
        let seen = cache.update("product:1", &policy, |old: Option<u64>| old.unwrap_or(7)).await;
        assert!(matches!(seen, Ok(2 | 7)), "update, {by:?}: {seen:?}");
    }
});

on_each_backend!(what_was_read_before_a_delivery_is_not_served_after_it, |caches| async move {
    for by in EACH_WAY {
        for many in [false, true] {
            let fixture = Fixture::on(&caches).await;
            fixture.cache.put("product:1", &1_u64, &stored()).await.unwrap();
            fixture.refuse();
            by.evict(&fixture.cache).await.expect_err("it is queued");
            let gate = fixture.store.hold_next(if many { "read_many" } else { "read" });
            let reading =
                async { if many { cached_many(&fixture.cache).await } else { cached(&fixture.cache).await } };
            let held_back = Box::pin(async {
                gate.reached().await;
                fixture.deliver().await;
                gate.open();
            });
            // It may go past the store, or read it and throw away what it read.
            let read = match select(Box::pin(reading), held_back).await {
                Either::Left((read, _)) => read,
                Either::Right(((), reading)) => reading.await,
            };
            assert_eq!(read, None, "{by:?}, many: {many}");
            fixture.deliver().await;
        }
    }
});

on_each_backend!(
    a_load_from_before_a_queued_eviction_is_not_shared_with_later_readers,
    |caches| async move {
        for by in EACH_WAY {
            let fixture = Fixture::on(&caches).await;
            let cache = &fixture.cache;
            let gate = Gate::new();
            let leading = tokio::spawn({
                let (cache, gate) = (cache.clone(), gate.clone());
                let policy = stored();
                async move {
                    let load = async || {
                        gate.pass().await;
                        Ok::<_, String>(1_u64)
                    };
                    cache.get_or_load("product:1", &policy, load).await.unwrap()
                }
            });
            gate.reached().await;
            fixture.refuse();
            by.evict(cache).await.expect_err("it is queued");
            // It knows neither the region nor the tag.
            let policy = Policy::new();
            let late = load(cache, &policy, 2);
            let opening = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                gate.open();
            };
            let (late, ()) = futures_util::future::join(late, opening).await;
            assert_eq!(leading.await.unwrap(), 1);
            assert_eq!(late, 2, "it started after the eviction, {by:?}");
            fixture.deliver().await;
        }
    }
);

on_each_backend!(more_than_the_queue_holds_is_bypassed_as_a_whole_and_delivered, |caches| async move {
    let fixture = Fixture::on(&caches).await;
    let Fixture { cache, other, .. } = &fixture;
    cache.put("product:1", &1_u64, &stored()).await.unwrap();
    fixture.refuse();
    cache.evict("product:1").await.expect_err("it is queued");
    for id in 0..MANY {
        cache.evict(format!("other:{id}")).await.expect_err("it is queued");
    }
    assert_eq!(cached(cache).await, None, "this process evicted it");
    assert_eq!(load(cache, &stored(), 2).await, 2);
    assert!(cache.stats().pending_invalidations < MANY);
    fixture.deliver().await;
    assert_eq!(cached(other).await, None, "and the others do not read it any more");
    load(cache, &stored(), 2).await;
    assert_eq!(cached(cache).await, Some(2), "this process caches again");
});

struct Writer;

impl Writer {
    #[cache_evict(key = "product:1", tags = ["products"], when = "around", grace = LONG)]
    async fn write_around(&self, gate: &Gate) {
        gate.pass().await;
    }

    #[cache_evict(tags = ["products"], grace = LONG)]
    async fn write_after(&self, gate: &Gate) {
        gate.pass().await;
    }
}

/// The ways by which an eviction comes to be delivered by the worker.
#[derive(Debug, Clone, Copy)]
enum Late {
    Queued(By),
    CancelledAround,
    CancelledAfter,
    DroppedGuard,
}

impl Late {
    async fn evict(self, fixture: &Fixture) {
        let cache = &fixture.cache;
        let none: [&str; 0] = [];
        match self {
            Late::Queued(by) => {
                fixture.refuse();
                by.evict(cache).await.expect_err("it is queued");
            }
            Late::CancelledAround => cancelled(cache, async |gate| Writer.write_around(gate).await).await,
            Late::CancelledAfter => cancelled(cache, async |gate| Writer.write_after(gate).await).await,
            Late::DroppedGuard => {
                let policy = Policy::new().grace(LONG);
                drop(cache.begin_write_with(["product:1"], none, &policy).await.unwrap());
            }
        }
        fixture.deliver().await;
    }
}

/// Drops a call whose body has begun.
async fn cancelled(cache: &Cache, call: impl AsyncFnOnce(&Gate)) {
    let gate = Gate::new();
    let calling = scope(cache.clone(), call(&gate));
    let (calling, reached) = (Box::pin(calling), Box::pin(gate.reached()));
    assert!(matches!(select(calling, reached).await, Either::Right(_)), "the body waits at the gate");
}

on_each_backend!(a_grace_holds_after_a_late_delivery, |caches| async move {
    let late = [Late::CancelledAround, Late::CancelledAfter, Late::DroppedGuard];
    for late in EACH_WAY.map(Late::Queued).into_iter().chain(late) {
        let caches = caches.anew().await.unwrap();
        let fixture = Fixture::with(&caches, Policy::new().grace(LONG)).await;
        fixture.cache.put("product:1", &1_u64, &stored()).await.unwrap();
        late.evict(&fixture).await;
        // A replica that lags behind still has the old value.
        for cache in [&fixture.cache, &fixture.other] {
            assert_eq!(load(cache, &stored(), 1).await, 1);
            assert_eq!(cached(cache).await, None, "the replica's value was kept, {late:?}");
        }
        let put = fixture.cache.begin_write(["other"], [""; 0]).await.unwrap();
        let put = put.commit_put("other", &1_u64, &Policy::new()).await.unwrap();
        assert!(put, "a grace on one key refuses no put of another, {late:?}");
    }
});

/// A runtime that runs only while a caller blocks on it.
fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_runtime_that_idles_holds_no_queued_eviction_back() {
    let first = current_thread();
    let fixture = first.block_on(async {
        let fixture = Fixture::on(&Caches::memory().unwrap()).await;
        fixture.cache.put("product:1", &1_u64, &stored()).await.unwrap();
        fixture.refuse();
        fixture.cache.evict("product:1").await.expect_err("it is queued");
        fixture
    });
    fixture.store.mend();
    // `first` is not dropped, and the worker was spawned on it.
    current_thread().block_on(async {
        let start = Instant::now();
        while fixture.cache.stats().pending_invalidations > 0 {
            assert!(start.elapsed() < PATIENCE, "not delivered");
            assert_eq!(load(&fixture.cache, &stored(), 2).await, 2);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(load(&fixture.cache, &stored(), 2).await, 2);
        assert_eq!(cached(&fixture.cache).await, Some(2), "and the key is cached again");
    });
    drop(first);
}

#[test]
fn a_runtime_that_idles_does_not_keep_the_breaker_open() {
    let first = current_thread();
    let fixture = first.block_on(async {
        let fixture = Fixture::on(&Caches::memory().unwrap()).await;
        fixture.store.fault("read", Fault::Fails(ErrorKind::Unavailable));
        fixture.store.fault("ping", Fault::Lost);
        while fixture.cache.is_connected() {
            load(&fixture.cache, &stored(), 1).await;
        }
        // In the middle of a probe.
        fixture.store.until_asked("ping", 1).await;
        fixture
    });
    fixture.store.mend();
    current_thread().block_on(async {
        let start = Instant::now();
        while !fixture.cache.is_connected() {
            assert!(start.elapsed() < PATIENCE, "there is no probe");
            load(&fixture.cache, &stored(), 1).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    drop(first);
}

on_each_backend!(an_eviction_that_the_store_refuses_holds_no_other_back, |caches| async move {
    // An account that may write, and not scan.
    holds_no_other_back(Fixture::on(&caches).await, ErrorKind::Backend).await;
});

on_each_backend!(an_eviction_that_takes_too_long_holds_no_other_back, |caches| async move {
    // A namespace that is too large for a scan.
    holds_no_other_back(Fixture::on(&caches).await, ErrorKind::Timeout).await;
});

async fn holds_no_other_back(fixture: Fixture, of_a_scan: ErrorKind) {
    let Fixture { store, cache, other } = &fixture;
    other.set("key", &1_u64, LONG).await.unwrap();
    fixture.refuse();
    store.fault("invalidate_matching", Fault::Fails(of_a_scan));
    cache.evict_pattern("list:*").await.unwrap_err();
    cache.evict("key").await.unwrap_err();
    store.mend_one("invalidate");
    let start = Instant::now();
    while cache.stats().pending_invalidations > 1 {
        assert!(start.elapsed() < PATIENCE, "the key waits for the pattern");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(other.get::<u64>("key").await.unwrap(), None);
    fixture.deliver().await;
}

on_each_backend!(an_answer_that_is_slow_by_the_network_is_waited_for, |caches| async move {
    let fixture = Fixture::on(&caches).await;
    let Fixture { store, cache, .. } = &fixture;
    fixture.refuse();
    cache.evict("key").await.unwrap_err();
    let answer = store.hold_next("invalidate");
    store.mend();
    answer.reached().await;
    let before = store.calls("invalidate");
    // Longer than the worker would wait by itself, and shorter than the calls of this cache do.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(store.calls("invalidate"), before, "it was given up and sent again");
    answer.open();
    fixture.deliver().await;
});
