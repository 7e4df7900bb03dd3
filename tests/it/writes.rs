//! Write intents, versions, grace and updates by hand, on each backend.

use std::time::Duration;

use jollycache::{Cache, Policy, cache_evict, scope};
use tokio::time::Instant;

use crate::backends::on_each_backend;

/// Intents and graces of these tests end after this.
const BRIEF: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(5);

fn policy() -> Policy {
    Policy::new().ttl(Duration::from_mins(1)).tag("numbers")
}

/// Reads through the cache, from a source that holds `value`.
async fn read(cache: &Cache, value: u64) -> u64 {
    cache.get_or_load("number", &policy(), async || Ok::<_, String>(value)).await.expect("the load succeeds")
}

async fn cached(cache: &Cache) -> Option<u64> {
    cache.get("number").await.expect("reads")
}

/// Reads until what is read is kept.
async fn read_until_kept(cache: &Cache, value: u64) {
    let start = Instant::now();
    while cached(cache).await != Some(value) {
        assert!(start.elapsed() < PATIENCE, "nothing is kept");
        assert_eq!(read(cache, value).await, value);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

on_each_backend!(a_writer_that_dies_after_its_commit_leaves_nothing_old, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let none: [&str; 0] = [];
    for (keys, tags) in [(&["number"][..], &none[..]), (&none[..], &["numbers"][..])] {
        read_until_kept(&cache, 1).await;
        let keys = keys.iter().copied();
        let write =
            cache.begin_write_with(keys, tags.iter().copied(), &Policy::new().intent(BRIEF)).await.unwrap();
        assert_eq!(cached(&other).await, None, "it was evicted before the source was written");
        assert_eq!(read(&other, 1).await, 1, "a read meanwhile …");
        assert_eq!(cached(&other).await, None, "… is not kept");
        // The source is written now, and the process dies: no end, no drop.
        std::mem::forget(write);
        assert_eq!(read(&other, 2).await, 2);
        read_until_kept(&other, 2).await;
        cache.evict("number").await.unwrap();
    }
});

on_each_backend!(a_write_puts_what_it_wrote_unless_another_came_in_between, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let none: [&str; 0] = [];
    let write = cache.begin_write(["number"], none).await.unwrap();
    assert!(write.commit_put("number", &1_u64, &policy()).await.unwrap());
    assert_eq!(cached(&other).await, Some(1));
    let write = cache.begin_write(["number"], ["numbers"]).await.unwrap();
    assert!(
        !write.commit_put("number", &1_u64, &policy()).await.unwrap(),
        "it carries a tag that is evicted"
    );
    assert_eq!(cached(&other).await, None);

    let first = cache.begin_write(["number"], none).await.unwrap();
    let second = other.begin_write(["number"], none).await.unwrap();
    assert!(!second.commit_put("number", &3_u64, &policy()).await.unwrap());
    assert!(!first.commit_put("number", &2_u64, &policy()).await.unwrap());
    assert_eq!(cached(&cache).await, None, "the order of their commits is unknown");

    let write = cache.begin_write(["number"], none).await.unwrap();
    other.evict("number").await.unwrap();
    assert!(!write.commit_put("number", &4_u64, &policy()).await.unwrap(), "an eviction is a writer too");

    let (left, right) = (["number", "sum"], ["numbers"]);
    cache.begin_write(left, right).await.unwrap().commit_evict().await.unwrap();
    assert_eq!(cached(&cache).await, None);
    drop(cache.begin_write(left, right).await.unwrap());
    read_until_kept(&other, 5).await;
});

on_each_backend!(an_older_version_never_takes_the_place_of_a_newer_one, |caches| async move {
    let cache = caches.new_cache().await;
    let none: [&str; 0] = [];
    let put = async |value: u64, version: i64| {
        let write = cache.begin_write(["number"], none).await.unwrap();
        write.commit_put_version("number", &value, version, &policy()).await.unwrap()
    };
    assert!(put(7, 7).await);
    assert!(!put(6, 6).await, "older than the stored one");
    assert!(put(8, 8).await);
    cache.evict("number").await.unwrap();
    assert!(!put(7, 7).await, "older than the evicted one");
    assert!(put(8, 8).await);
    assert!(put(9, 9).await);
    assert_eq!(cached(&cache).await, Some(9));
});

on_each_backend!(an_error_after_the_commit_evicts_only_what_was_announced, |caches| async move {
    struct Writer;

    impl Writer {
        #[cache_evict(key = "number")]
        async fn write_and_fail(&self) -> Result<(), String> {
            Err("after the commit".to_owned())
        }

        #[cache_evict(key = "number", when = "around")]
        async fn write_around_and_fail(&self) -> Result<(), String> {
            Err("after the commit".to_owned())
        }
    }

    let cache = caches.new_cache().await;
    assert_eq!(read(&cache, 1).await, 1);
    scope(cache.clone(), Writer.write_and_fail()).await.expect_err("it fails");
    assert_eq!(cached(&cache).await, Some(1), "an `Err` is taken for a write that did not happen");
    scope(cache.clone(), Writer.write_around_and_fail()).await.expect_err("it fails");
    assert_eq!(cached(&cache).await, None);
});

on_each_backend!(during_a_grace_nothing_is_filled, |caches| async move {
    struct Writer;

    impl Writer {
        #[cache_evict(key = "number", grace = BRIEF)]
        async fn evict_the_key(&self) {}

        #[cache_evict(tags = ["numbers"], grace = BRIEF)]
        async fn evict_the_tag(&self) {}
    }

    let cache = caches.new_cache().await;
    for by_key in [true, false] {
        read_until_kept(&cache, 1).await;
        let start = Instant::now();
        scope(cache.clone(), async {
            if by_key { Writer.evict_the_key().await } else { Writer.evict_the_tag().await }
        })
        .await;
        // A replica that lags behind still has the old value.
        assert_eq!(read(&cache, 1).await, 1);
        let kept = cached(&cache).await;
        assert!(kept.is_none() || start.elapsed() >= BRIEF, "the old value was kept within the grace");
        read_until_kept(&cache, 2).await;
        assert!(start.elapsed() >= BRIEF, "the grace was cut short");
        cache.evict("number").await.unwrap();
    }
});

on_each_backend!(concurrent_updates_lose_none, |caches| async move {
    const EACH: u64 = 25;
    let handles = [caches.new_cache().await, caches.new_cache().await];
    let updaters: Vec<_> = handles
        .iter()
        .cycle()
        .take(4)
        .cloned()
        .map(|cache| {
            tokio::spawn(async move {
                for _ in 0..EACH {
                    cache.update("sum", &policy(), |old: Option<u64>| old.unwrap_or(0) + 1).await.unwrap();
                }
            })
        })
        .collect();
    for updater in updaters {
        updater.await.unwrap();
    }
    assert_eq!(handles[0].get::<u64>("sum").await.unwrap(), Some(4 * EACH));
});
