//! `collect`: what each call of a task did, whatever it came to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jollycache::{
    Cache, CallReport, MAX_REPORTS, MemoryBackend, Operation, Outcome, Policy, RedisBackend, bypass,
    cache_evict, cache_put, cacheable, collect, refresh, scope,
};
use jollycache_tests::{Gate, ports};

use crate::backends::on_each_backend;

#[derive(Debug, Clone, PartialEq)]
struct Down;

/// A source that fails on demand.
#[derive(Clone, Default)]
struct Source {
    down: Arc<AtomicBool>,
}

impl Source {
    #[cacheable(cache = "item", key = "item:{id}", ttl = "1m")]
    async fn find(&self, id: u64) -> Result<Option<u64>, Down> {
        if self.down.load(Ordering::SeqCst) { Err(Down) } else { Ok((id > 0).then_some(id)) }
    }

    #[cacheable(cache = "short", key = "short:{id}", ttl = "60ms", stale = "1m")]
    async fn find_stale(&self, id: u64) -> Result<u64, Down> {
        if self.down.load(Ordering::SeqCst) { Err(Down) } else { Ok(id) }
    }

    #[cacheable(cache = "gated", key = "gated:{id}", skip(gate))]
    async fn find_slowly(&self, id: u64, gate: &Gate) -> u64 {
        gate.pass().await;
        id
    }

    #[cacheable(cache = "outer", key = "outer:{id}")]
    async fn find_outer(&self, id: u64) -> Result<Option<u64>, Down> {
        tokio::time::sleep(Duration::from_millis(2)).await;
        self.find(id).await
    }

    #[cache_put(cache = "item", key = "item:{id}")]
    async fn update(&self, id: u64) -> Result<Option<u64>, Down> {
        if self.down.load(Ordering::SeqCst) { Err(Down) } else { Ok((id > 0).then_some(id)) }
    }

    #[cache_put(cache = "item", key = "item:{id}")]
    async fn update_slowly(&self, id: u64, gate: &Gate) -> Result<Option<u64>, Down> {
        gate.pass().await;
        Ok(Some(id))
    }

    #[cache_evict(cache = "item", key = "item:{id}", tags = ["items"])]
    async fn delete(&self, id: u64) -> Result<bool, Down> {
        Ok(id > 0)
    }

    #[cache_put(cache = "item", key = "item:{ret}")]
    async fn update_late(&self, id: u64) -> Option<u64> {
        (id > 0).then_some(id)
    }

    #[cache_evict(cache = "item", key = "item:{ret}")]
    async fn delete_late(&self, id: u64) -> Option<u64> {
        (id > 0).then_some(id)
    }

    #[cache_evict(cache = "item", key = "item:{id}", when = "around")]
    async fn delete_around(&self, id: u64) -> Result<bool, Down> {
        Ok(id > 0)
    }
}

type Seen = (String, Operation, Outcome, bool);

fn seen(report: &CallReport) -> Seen {
    (report.region().to_owned(), report.operation(), report.outcome(), report.is_stored())
}

/// What the calls in `future` under `cache` did.
async fn outcomes<F: Future>(cache: &Cache, future: F) -> Vec<Seen> {
    let (_, calls) = scope(cache.clone(), collect(future)).await;
    assert_eq!(calls.omitted(), 0);
    calls.reports().iter().map(seen).collect()
}

fn read(region: &str, outcome: Outcome, stored: bool) -> Vec<Seen> {
    vec![(region.to_owned(), Operation::Read, outcome, stored)]
}

fn write(operation: Operation, outcome: Outcome) -> Vec<Seen> {
    vec![("item".to_owned(), operation, outcome, outcome == Outcome::Stored)]
}

on_each_backend!(a_read_reports_its_outcome, |caches| async move {
    let (cache, source) = (&caches.new_cache().await, Source::default());
    assert_eq!(outcomes(cache, source.find(1)).await, read("item", Outcome::Miss, true));
    assert_eq!(outcomes(cache, source.find(1)).await, read("item", Outcome::Hit, false));
    assert_eq!(
        outcomes(cache, source.find(0)).await,
        read("item", Outcome::Miss, false),
        "no `None` is kept"
    );
    assert_eq!(outcomes(cache, bypass(source.find(1))).await, read("item", Outcome::Bypass, false));
    assert_eq!(outcomes(cache, refresh(source.find(1))).await, read("item", Outcome::Miss, true));
    source.down.store(true, Ordering::SeqCst);
    assert_eq!(outcomes(cache, source.find(2)).await, read("item", Outcome::LoadFailed, false));
    assert_eq!(outcomes(cache, cache.get::<u64>("item:1")).await, read("default", Outcome::Hit, false));
    assert_eq!(outcomes(cache, cache.get::<u64>("none")).await, read("default", Outcome::Miss, false));
});

on_each_backend!(a_stale_value_is_reported_with_its_age, |caches| async move {
    let (cache, source) = (caches.new_cache().await, Source::default());
    scope(cache, async {
        source.find_stale(1).await.unwrap();
        source.down.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(80)).await;
        let (found, calls) = collect(source.find_stale(1)).await;
        assert_eq!(found, Ok(1));
        let [call] = calls.reports() else { panic!("one call, one report: {calls:?}") };
        assert_eq!(call.outcome(), Outcome::Stale, "served in place of the failure");
        assert!((10..10_000).contains(&call.stale_for().as_millis()), "{call:?}");
    })
    .await;
});

on_each_backend!(a_write_that_names_nothing_reports_that_it_evicted_nothing, |caches| async move {
    let (cache, source) = (&caches.new_cache().await, Source::default());
    assert_eq!(outcomes(cache, source.update_late(1)).await, write(Operation::Put, Outcome::Stored));
    assert_eq!(outcomes(cache, source.update_late(0)).await, write(Operation::Put, Outcome::Skipped));
    assert_eq!(outcomes(cache, source.delete_late(0)).await, write(Operation::Evict, Outcome::Skipped));
    assert_eq!(cache.get::<u64>("item:1").await.unwrap(), Some(1), "nothing named it");
    assert_eq!(outcomes(cache, source.delete_late(1)).await, write(Operation::Evict, Outcome::Evicted));
});

on_each_backend!(a_write_reports_its_outcome, |caches| async move {
    let (cache, source) = (&caches.new_cache().await, Source::default());
    assert_eq!(outcomes(cache, source.update(1)).await, write(Operation::Put, Outcome::Stored));
    assert_eq!(outcomes(cache, source.update(0)).await, write(Operation::Put, Outcome::Evicted));
    assert_eq!(outcomes(cache, source.delete(1)).await, write(Operation::Evict, Outcome::Evicted));
    assert_eq!(outcomes(cache, source.delete_around(1)).await, write(Operation::Evict, Outcome::Evicted));
    source.down.store(true, Ordering::SeqCst);
    assert_eq!(outcomes(cache, source.update(1)).await, write(Operation::Put, Outcome::Evicted));

    let gate = Gate::new();
    let disturbed = outcomes(cache, async {
        futures_util::future::join(source.update_slowly(1, &gate), async {
            gate.reached().await;
            bypass(scope(cache.clone(), cache.evict("item:1"))).await.unwrap();
            gate.open();
        })
        .await
    });
    let mut expected = vec![("default".to_owned(), Operation::Evict, Outcome::Evicted, false)];
    expected.extend(write(Operation::Put, Outcome::Refused));
    assert_eq!(Box::pin(disturbed).await, expected);
    let policy = Policy::new().region("item");
    assert_eq!(
        outcomes(cache, cache.put("by-hand", &1_u8, &policy)).await,
        write(Operation::Put, Outcome::Stored)
    );
});

on_each_backend!(a_load_that_an_eviction_overtakes_is_refused, |caches| async move {
    let (cache, source, gate) = (&caches.new_cache().await, Source::default(), Gate::new());
    let reading = outcomes(cache, source.find_slowly(1, &gate));
    let evicting = async {
        gate.reached().await;
        cache.evict("gated:1").await.unwrap();
        gate.open();
    };
    let (reading, ()) = futures_util::future::join(reading, evicting).await;
    assert_eq!(reading, read("gated", Outcome::Refused, false));
});

on_each_backend!(joined_calls_of_one_task_are_reported_separately, |caches| async move {
    let (cache, source, gate) = (&caches.new_cache().await, Source::default(), Gate::new());
    let both = async {
        let followed = async {
            gate.reached().await;
            let following = source.find_slowly(1, &gate);
            let opening = async {
                while cache.stats().total.flight_joins == 0 {
                    tokio::task::yield_now().await;
                }
                gate.open();
            };
            futures_util::future::join(following, opening).await
        };
        futures_util::future::join(source.find_slowly(1, &gate), followed).await
    };
    let mut reported = outcomes(cache, both).await;
    reported.sort_by_key(|(.., stored)| !stored);
    assert_eq!(
        reported,
        [read("gated", Outcome::Miss, true), read("gated", Outcome::Waited, false)].concat()
    );
});

on_each_backend!(a_wait_for_another_process_is_reported, |caches| async move {
    let (leading, waiting) = (caches.new_cache().await, &caches.new_cache().await);
    let (source, gate) = (Source::default(), Gate::new());
    let lead = tokio::spawn({
        let (source, gate) = (source.clone(), gate.clone());
        scope(leading, async move { source.find_slowly(1, &gate).await })
    });
    gate.reached().await;
    let wait = outcomes(waiting, source.find_slowly(1, &gate));
    let open = async {
        while waiting.stats().total.lease_waits == 0 {
            tokio::task::yield_now().await;
        }
        gate.open();
    };
    let (reported, ()) = futures_util::future::join(wait, open).await;
    assert_eq!(lead.await.unwrap(), 1);
    assert_eq!(reported, read("gated", Outcome::Waited, false));
});

#[tokio::test]
async fn a_backend_that_fails_is_reported() {
    let url = format!("redis://127.0.0.1:{}", ports::free_port().unwrap());
    let backend = RedisBackend::connect(&url).await.unwrap();
    let cache = &Cache::builder().namespace("it").backend(backend).build().unwrap();
    let source = Source::default();
    // Until the breaker opens, and after it.
    for _ in 0..8 {
        assert_eq!(outcomes(cache, source.find(1)).await, read("item", Outcome::Error, false));
    }
    assert_eq!(outcomes(cache, source.update(1)).await, write(Operation::Put, Outcome::Queued));
    assert_eq!(outcomes(cache, source.delete(1)).await, write(Operation::Evict, Outcome::Queued));
    assert_eq!(
        outcomes(cache, source.find(1)).await,
        read("item", Outcome::Bypass, false),
        "not delivered yet"
    );
    let many = async {
        for id in 0..=MAX_REPORTS as u64 {
            assert_eq!(source.delete(id).await, Ok(id > 0), "the source is written");
        }
    };
    let ((), calls) = scope(cache.clone(), collect(async { drop(collect(many).await) })).await;
    assert_eq!((calls.omitted(), calls.queued()), (1, MAX_REPORTS + 1));
}

fn memory() -> Cache {
    Cache::builder().namespace("it").backend(MemoryBackend::new()).build().unwrap()
}

#[tokio::test]
async fn nested_calls_are_reported_inside_out_and_their_time_counts_once() {
    let source = Source::default();
    let (_, calls) = scope(memory(), collect(source.find_outer(1))).await;
    let regions: Vec<_> = calls.reports().iter().map(CallReport::region).collect();
    assert_eq!(regions, ["item", "outer"]);
    let [inner, outer] = calls.reports() else { panic!("{calls:?}") };
    assert!(outer.load_time() >= inner.load_time() + inner.cache_time(), "{calls:?}");
    assert_eq!(calls.load_time(), outer.load_time(), "the inner load is a part of the outer one");
    assert_eq!(calls.cache_time(), outer.cache_time());
}

#[tokio::test]
async fn an_inner_collection_is_seen_by_the_outer_one() {
    let source = Source::default();
    let both = async {
        source.find(1).await.unwrap();
        let (_, inner) = collect(source.find(1)).await;
        assert_eq!(inner.reports().len(), 1);
        assert_eq!(inner.reports()[0].outcome(), Outcome::Hit);
        source.find(2).await.unwrap();
    };
    let reported: Vec<_> =
        outcomes(&memory(), both).await.into_iter().map(|(_, _, outcome, _)| outcome).collect();
    assert_eq!(reported, [Outcome::Miss, Outcome::Hit, Outcome::Miss]);
}

#[tokio::test]
async fn calls_that_are_spawned_or_dropped_are_not_reported() {
    let (cache, source, gate) = (memory(), Source::default(), Gate::new());
    let reported = outcomes(&cache, async {
        let spawned = scope(cache.clone(), {
            let source = source.clone();
            async move { source.find(1).await }
        });
        tokio::spawn(spawned).await.unwrap().unwrap();
        let dropped = std::pin::pin!(source.find_slowly(1, &gate));
        let _ = futures_util::future::select(dropped, std::pin::pin!(gate.reached())).await;
    });
    assert_eq!(reported.await, []);
    assert_eq!(cache.stats().total.loads, 1, "only the spawned one ended");
}

#[tokio::test]
async fn more_calls_than_are_kept_are_counted() {
    let source = Source::default();
    let many = async {
        let ((), inner) = collect(async {
            for _ in 0..MAX_REPORTS + 3 {
                source.find(1).await.unwrap();
            }
        })
        .await;
        assert_eq!((inner.reports().len(), inner.omitted()), (MAX_REPORTS, 3));
        source.find(1).await.unwrap();
    };
    let ((), calls) = scope(memory(), collect(many)).await;
    assert_eq!((calls.reports().len(), calls.omitted()), (MAX_REPORTS, 4));
}
