//! `get_or_load_many` does to each key what `get_or_load` does to one, with one round trip and one load.

use std::collections::HashMap;
use std::time::Duration;

use jollycache::{Cache, ErrorKind, Key, Operation, Outcome, Policy, RegionStats, bypass, collect, refresh};
use jollycache_tests::{Fault, FaultyBackend};

use crate::backends::on_each_backend;

const TIMEOUT: Duration = Duration::from_secs(20);

fn policy() -> Policy {
    Policy::new().region("number").tag("numbers").ttl(Duration::from_mins(5)).timeout(TIMEOUT)
}

fn keys() -> Vec<Key> {
    vec!["number:1".into(), "number:2".into()]
}

async fn load(cache: &Cache, policy: &Policy, value: u64) -> Vec<u64> {
    let load = async |keys: Vec<Key>| Ok::<_, String>(keys.into_iter().map(|key| (key, value)).collect());
    in_order(&cache.get_or_load_many(&keys(), policy, load).await.expect("loads"))
}

async fn fail(cache: &Cache, policy: &Policy) -> Result<Vec<u64>, String> {
    let load = async |_| Err::<HashMap<Key, u64>, _>("down".to_owned());
    cache.get_or_load_many(&keys(), policy, load).await.map(|found| in_order(&found))
}

fn in_order(found: &HashMap<Key, u64>) -> Vec<u64> {
    keys().iter().map(|key| found[key]).collect()
}

async fn cached(cache: &Cache) -> Vec<Option<u64>> {
    cache.get_many(&keys()).await.expect("reads")
}

fn stats(cache: &Cache) -> RegionStats {
    cache.stats().regions["number"].clone()
}

/// The outcomes of the reads in `future`, and which of them stored.
async fn outcomes(future: impl Future<Output = Vec<u64>>) -> (Vec<u64>, Vec<(Outcome, bool)>) {
    let (found, calls) = collect(future).await;
    let reported = calls.reports().iter().map(|call| {
        assert_eq!((call.region(), call.operation()), ("number", Operation::Read));
        (call.outcome(), call.is_stored())
    });
    (found, reported.collect())
}

on_each_backend!(many_reads_keep_to_the_mode_of_their_task, |caches| async move {
    let cache = caches.new_cache().await;
    let policy = policy();
    let (found, reported) = outcomes(load(&cache, &policy, 1)).await;
    assert_eq!((found, reported), (vec![1, 1], vec![(Outcome::Miss, true); 2]));
    let (found, reported) = outcomes(load(&cache, &policy, 2)).await;
    assert_eq!((found, reported), (vec![1, 1], vec![(Outcome::Hit, false); 2]));
    let (found, reported) = outcomes(bypass(load(&cache, &policy, 3))).await;
    assert_eq!((found, reported), (vec![3, 3], vec![(Outcome::Bypass, false); 2]));
    assert_eq!(
        bypass(cached(&cache)).await,
        [Some(1), Some(1)],
        "what is there stays, and `get` asks for it"
    );
    let (found, reported) = outcomes(refresh(load(&cache, &policy, 4))).await;
    assert_eq!((found, reported), (vec![4, 4], vec![(Outcome::Miss, true); 2]));
    assert_eq!(cached(&cache).await, [Some(4), Some(4)]);
});

on_each_backend!(many_reads_are_counted_and_timed_as_single_ones, |caches| async move {
    let cache = caches.new_cache_with(|builder| builder.max_value_bytes(8)).await;
    let policy = policy();
    load(&cache, &policy, 1).await;
    load(&cache, &policy, 1).await;
    let one = stats(&cache);
    assert_eq!((one.misses, one.loads, one.fills, one.hits), (2, 2, 2, 2));
    assert_eq!((one.miss_latency.count, one.hit_latency.count), (2, 2));
    cache.evict_tags(["numbers"]).await.unwrap();
    load(&cache, &policy, u64::MAX).await;
    assert_eq!(cached(&cache).await, [None, None], "larger than what is stored");
    let two = stats(&cache);
    assert_eq!((two.rejected_values, two.miss_latency.count), (2, 4));
    bypass(load(&cache, &policy, 1)).await;
    assert_eq!(stats(&cache).bypasses, two.bypasses + 2);
});

on_each_backend!(
    a_stale_one_of_many_is_refreshed_by_one_caller_and_survives_a_failed_load,
    |caches| async move {
        let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
        let policy = policy().ttl(Duration::from_millis(20)).stale(Duration::from_mins(5));
        load(&cache, &policy, 1).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
        assert_eq!(fail(&cache, &policy).await, Ok(vec![1, 1]), "served in place of the failure");
        let meanwhile = async |keys: Vec<Key>| {
            assert_eq!(load(&other, &policy, 3).await, [1, 1], "it is served while another caller loads");
            Ok::<_, String>(keys.into_iter().map(|key| (key, 2_u64)).collect())
        };
        let found = Box::pin(cache.get_or_load_many(&keys(), &policy, meanwhile)).await.unwrap();
        assert_eq!(in_order(&found), [2, 2]);
        assert_eq!(cached(&other).await, [Some(2), Some(2)]);
        cache.evict("number:1").await.unwrap();
        assert_eq!(fail(&cache, &policy).await, Err("down".to_owned()), "one of them has no stale value");
    }
);

on_each_backend!(many_values_of_another_type_are_replaced, |caches| async move {
    let cache = caches.new_cache().await;
    for key in keys() {
        cache.put(key, &"text".to_owned(), &policy()).await.unwrap();
    }
    assert_eq!(load(&cache, &policy(), 1).await, [1, 1]);
    assert_eq!(cached(&cache).await, [Some(1), Some(1)]);
});

on_each_backend!(many_reads_are_one_round_trip, |caches| async move {
    let store = FaultyBackend::over(caches.backend().await);
    let cache = Cache::builder().namespace("it").shared_backend(store.clone()).build().unwrap();
    load(&cache, &policy(), 1).await;
    let before = (store.calls("read"), store.calls("read_many"));
    load(&cache, &policy(), 2).await;
    assert_eq!((store.calls("read"), store.calls("read_many")), (before.0, before.1 + 1));
});

on_each_backend!(many_reads_of_a_broken_cache_load_at_once, |caches| async move {
    let store = FaultyBackend::over(caches.backend().await);
    let builder = Cache::builder().namespace("it").shared_backend(store.clone());
    let cache = builder.max_unleased_loads(1).build().unwrap();
    load(&cache, &policy(), 1).await;
    store.fault("read_many", Fault::Fails(ErrorKind::Backend));
    let (found, reported) = outcomes(load(&cache, &policy(), 2)).await;
    assert_eq!((found, reported), (vec![2, 2], vec![(Outcome::Error, false); 2]), "in one place for both");
    store.mend();
    assert_eq!(cached(&cache).await, [Some(1), Some(1)]);
});
