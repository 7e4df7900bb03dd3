//! What is overtaken by an invalidation is never left behind: each race is forced at its exact point by a gate in
//! the load.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jollycache::{Cache, Key, Policy};
use jollycache_tests::Gate;

use crate::backends::on_each_backend_near_and_far;

/// The source of truth: one number.
#[derive(Debug, Clone, Default)]
struct Source {
    value: Arc<AtomicU64>,
    loads: Arc<AtomicU64>,
}

impl Source {
    fn write(&self, value: u64) {
        self.value.store(value, Ordering::SeqCst);
    }

    fn load(&self) -> u64 {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.value.load(Ordering::SeqCst)
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }
}

/// Leases and patience outlast every test, so that nothing passes because they ended.
fn policy() -> Policy {
    let minute = Duration::from_mins(1);
    Policy::new().ttl(minute).lease(minute).wait(minute).tag("numbers")
}

/// Long before a lease ends, also where each answer takes up to 400 ms.
const SOON: Duration = Duration::from_secs(20);

async fn read(cache: &Cache, source: &Source) -> u64 {
    cache
        .get_or_load("number", &policy(), async || Ok::<_, String>(source.load()))
        .await
        .expect("the load succeeds")
}

/// A read whose load has read the source and stands at the gate.
async fn loading(cache: &Cache, source: &Source) -> (tokio::task::JoinHandle<u64>, Gate) {
    let gate = Gate::new();
    let (cache, source, held) = (cache.clone(), source.clone(), gate.clone());
    let task = tokio::spawn(async move {
        let load = async || {
            let value = source.load();
            held.pass().await;
            Ok::<_, String>(value)
        };
        cache.get_or_load("number", &policy(), load).await.expect("the load succeeds")
    });
    gate.reached().await;
    (task, gate)
}

on_each_backend_near_and_far!(
    a_load_overtaken_by_an_eviction_of_its_key_leaves_nothing,
    |caches| async move {
        overtaken(caches, async |cache| cache.evict("number").await.map(drop).expect("evicts")).await;
    }
);

on_each_backend_near_and_far!(
    a_load_overtaken_by_an_eviction_of_its_tag_leaves_nothing,
    |caches| async move {
        overtaken(caches, async |cache| cache.evict_tags(["numbers"]).await.expect("evicts")).await;
    }
);

on_each_backend_near_and_far!(
    a_load_overtaken_by_an_eviction_by_pattern_leaves_nothing,
    |caches| async move {
        overtaken(caches, async |cache| cache.evict_pattern("num*").await.map(drop).expect("evicts")).await;
    }
);

on_each_backend_near_and_far!(
    a_load_overtaken_by_an_eviction_of_its_region_leaves_nothing,
    |caches| async move {
        overtaken(caches, async |cache| cache.evict_region("default").await.map(drop).expect("evicts")).await;
    }
);

on_each_backend_near_and_far!(a_load_overtaken_by_a_flush_leaves_nothing, |caches| async move {
    overtaken(caches, async |cache| cache.flush().await.map(drop).expect("flushes")).await;
});

async fn overtaken<F: AsyncFn(&Cache)>(caches: crate::backends::Caches, evict: F) {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let source = Source::default();
    source.write(1);
    let (reader, gate) = loading(&cache, &source).await;
    source.write(2);
    evict(&other).await;
    // A reader that starts now may not follow the load that began before.
    let late = {
        let (cache, source) = (cache.clone(), source.clone());
        tokio::spawn(async move { read(&cache, &source).await })
    };
    gate.open();
    assert_eq!(
        reader.await.expect("joins"),
        1,
        "the reader began before the write, so the old value is its own"
    );
    assert_eq!(late.await.expect("joins"), 2, "it began after the eviction was acknowledged");
    for cache in [&cache, &other] {
        assert_eq!(read(cache, &source).await, 2, "the overtaken load left the old value");
    }
}

on_each_backend_near_and_far!(followers_of_an_overtaken_load_load_anew, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::default();
    source.write(1);
    let (reader, gate) = loading(&cache, &source).await;
    source.write(2);
    cache.evict("number").await.expect("evicts");
    let followers: Vec<_> = (0..50)
        .map(|_| {
            let (cache, source) = (cache.clone(), source.clone());
            tokio::spawn(async move { read(&cache, &source).await })
        })
        .collect();
    gate.open();
    assert_eq!(reader.await.expect("joins"), 1);
    for follower in followers {
        assert_eq!(follower.await.expect("joins"), 2);
    }
    assert!(source.loads() <= 4, "50 followers of a refused fill took {} loads", source.loads());
});

on_each_backend_near_and_far!(two_hundred_callers_over_four_handles_load_once, |caches| async move {
    let source = Source::default();
    source.write(7);
    let mut handles = Vec::new();
    for _ in 0..4 {
        handles.push(caches.new_cache().await);
    }
    let (reader, gate) = loading(&handles[0], &source).await;
    let callers: Vec<_> = (0..200)
        .map(|i| {
            let (cache, source) = (handles[i % handles.len()].clone(), source.clone());
            tokio::spawn(async move { read(&cache, &source).await })
        })
        .collect();
    gate.open();
    for caller in callers {
        assert_eq!(caller.await.expect("joins"), 7);
    }
    assert_eq!(reader.await.expect("joins"), 7);
    assert_eq!(source.loads(), 1);
});

on_each_backend_near_and_far!(a_failing_load_with_two_hundred_callers_is_no_queue, |caches| async move {
    const TAKES: Duration = Duration::from_millis(300);
    let cache = caches.new_cache().await;
    let answers = if caches.are_far() { Duration::from_secs(5) } else { Duration::ZERO };
    let started = tokio::time::Instant::now();
    let callers: Vec<_> = (0..200)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move {
                let load = async || {
                    tokio::time::sleep(TAKES).await;
                    Err::<u64, _>(std::io::Error::other("the source is down"))
                };
                cache.get_or_load("number", &policy(), load).await.expect_err("the load fails")
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("joins");
    }
    // One first load, then all others at once, at most 128 at a time: three times as long as one. A minute in a row;
    // one after another until they lose patience, ten times.
    assert!(started.elapsed() < TAKES * 7 + answers, "200 failing loads took {:?}", started.elapsed());
});

on_each_backend_near_and_far!(a_cancelled_leader_hands_over_to_a_waiter, |caches| async move {
    for pair in [(0, 0), (0, 1)] {
        let handles = [caches.new_cache().await, caches.new_cache().await];
        handles[0].flush().await.expect("flushes");
        let source = Source::default();
        source.write(3);
        let (leader, _gate) = loading(&handles[pair.0], &source).await;
        let waiter = {
            let (cache, source) = (handles[pair.1].clone(), source.clone());
            tokio::spawn(async move { read(&cache, &source).await })
        };
        leader.abort();
        let value = tokio::time::timeout(SOON, waiter).await;
        assert_eq!(value.expect("takes over long before the lease ends").expect("joins"), 3);
        assert_eq!(
            handles[1].get::<u64>("number").await.expect("reads"),
            Some(3),
            "what the waiter loaded is kept"
        );
    }
});

on_each_backend_near_and_far!(a_panicking_leader_fails_alone, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::default();
    source.write(5);
    let gate = Gate::new();
    let leader = {
        let (cache, gate) = (cache.clone(), gate.clone());
        tokio::spawn(async move {
            let load = async || {
                gate.pass().await;
                assert!(std::hint::black_box(false), "the loader panics");
                Ok::<u64, String>(0)
            };
            cache.get_or_load("number", &policy(), load).await
        })
    };
    gate.reached().await;
    let waiters: Vec<_> = (0..20)
        .map(|_| {
            let (cache, source) = (cache.clone(), source.clone());
            tokio::spawn(async move { read(&cache, &source).await })
        })
        .collect();
    gate.open();
    assert!(leader.await.expect_err("panics").is_panic());
    for waiter in waiters {
        let value = tokio::time::timeout(SOON, waiter).await;
        assert_eq!(value.expect("no waiter hangs").expect("joins"), 5);
    }
});

on_each_backend_near_and_far!(panicking_loads_with_fifty_callers_are_no_queue, |caches| async move {
    const TAKES: Duration = Duration::from_millis(300);
    let cache = caches.new_cache().await;
    let answers = if caches.are_far() { Duration::from_secs(5) } else { Duration::ZERO };
    let started = tokio::time::Instant::now();
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move {
                let load = async || {
                    tokio::time::sleep(TAKES).await;
                    assert!(std::hint::black_box(false), "every loader panics");
                    Ok::<u64, String>(0)
                };
                cache.get_or_load("number", &policy(), load).await
            })
        })
        .collect();
    for caller in callers {
        assert!(caller.await.expect_err("panics").is_panic());
    }
    assert!(started.elapsed() < TAKES * 7 + answers, "50 panicking loads took {:?}", started.elapsed());
});

on_each_backend_near_and_far!(a_follower_waits_no_longer_than_its_own_patience, |caches| async move {
    let cache = caches.new_cache().await;
    let source = Source::default();
    source.write(9);
    let (leader, gate) = loading(&cache, &source).await;
    for handle in [cache.clone(), caches.new_cache().await] {
        let impatient = policy().wait(Duration::from_millis(50));
        let load = async || Ok::<_, String>(source.load());
        let value =
            tokio::time::timeout(Duration::from_secs(2), handle.get_or_load("number", &impatient, load))
                .await;
        assert_eq!(value.expect("does not wait for the leader"), Ok(9));
    }
    gate.open();
    assert_eq!(leader.await.expect("joins"), 9);
});

on_each_backend_near_and_far!(
    a_value_with_more_tags_than_are_declared_is_updated_once_and_keeps_them,
    |caches| async move {
        let cache = caches.new_cache().await;
        cache.put("number", &1_u64, &policy()).await.expect("puts");
        let undeclared = Policy::new().ttl(Duration::from_mins(1));
        let updated =
            cache.update("number", &undeclared, |old: Option<u64>| old.unwrap_or_default() + 1).await;
        assert_eq!(updated.expect("there is no concurrent write"), 2);
        assert_eq!(cache.get::<u64>("number").await.expect("reads"), Some(2));
        cache.evict_tags(["numbers"]).await.expect("evicts");
        assert_eq!(cache.get::<u64>("number").await.expect("reads"), None, "it has its tag still");
    }
);

on_each_backend_near_and_far!(
    many_keys_are_loaded_with_one_call_and_fenced_one_by_one,
    |caches| async move {
        let cache = caches.new_cache().await;
        let keys: Vec<Key> = (0..4_u64).map(|id| Key::builder().literal("n:").part(&id).build()).collect();
        cache.set(&keys[0], &100_u64, Duration::from_mins(1)).await.expect("sets");
        let racing = cache.clone();
        let load = async |missing: Vec<Key>| {
            assert_eq!(missing, keys[1..], "what is there is not loaded");
            racing.evict(&keys[2]).await.expect("evicts");
            Ok::<_, String>(missing.into_iter().take(2).map(|key| (key, 1_u64)).collect::<HashMap<_, _>>())
        };
        let policy = Policy::new().ttl(Duration::from_mins(1));
        let found = cache.get_or_load_many(&keys, &policy, load).await.expect("loads");
        assert_eq!(found.len(), 3, "a key that the source does not know is missing");
        let kept = cache.get_many::<u64>(&keys).await.expect("reads");
        assert_eq!(kept, [Some(100), Some(1), None, None], "the key evicted during the load is not kept");
    }
);
