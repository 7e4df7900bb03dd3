//! The tags of a region's policy are on whatever is stored in the region, and an entry has as many tags as it can hold or
//! is not stored: on each backend.

use std::collections::HashMap;
use std::time::Duration;

use jollycache::policy::MAX_TAGS;
use jollycache::{
    Cache, CacheBuilder, Consistency, ErrorKind, Key, MemoryBackend, Policy, cache_put, cacheable, scope,
};

use crate::backends::on_each_backend;

/// What start-up says of the regions.
fn tagged(builder: CacheBuilder) -> CacheBuilder {
    let policy = Policy::new().tag("products").ttl(Duration::from_mins(1));
    builder
        .region("product", policy.clone())
        .region("default", policy)
        .region("plain", Policy::new().tag("products").consistency(Consistency::Ttl))
        .region("many", Policy::new().tag("t:1").tag("t:2").tag("t:70"))
}

fn product() -> Policy {
    Policy::new().region("product")
}

async fn cached(cache: &Cache, key: &str) -> Option<u64> {
    cache.get(key).await.expect("reads")
}

#[cache_put(cache = "product", key = "early:{id}", tags = ["own", "products"])]
async fn put_early(id: u64) -> u64 {
    id
}

#[cache_put(cache = "product", key = "late:{ret}", tags = ["own:{ret}"])]
async fn put_late(id: u64) -> u64 {
    id
}

#[cacheable(cache = "product", key = "early:{id}", tags = ["own"])]
async fn read(id: u64) -> u64 {
    id + 100
}

#[cache_put(cache = "plain", key = "plain:{id}", tags = ["own"])]
async fn put_plain(id: u64) -> u64 {
    id
}

on_each_backend!(every_way_to_store_gives_the_tags_of_the_region, |caches| async move {
    let cache = caches.new_cache_with(tagged).await;
    let keys = ["put", "guard", "set", "many:1", "update", "loaded", "loaded:1", "early:1", "late:1"];
    cache.put("put", &1_u64, &product()).await.expect("puts");
    let guard = cache.begin_write_with(["guard"], [""; 0], &product()).await.expect("begins");
    assert!(guard.commit_put("guard", &1_u64, &Policy::new().tag("products")).await.expect("puts"));
    cache.set("set", &1_u64, Duration::from_mins(1)).await.expect("sets");
    cache.set_many(&[(Key::from("many:1"), 1_u64)], Duration::from_mins(1)).await.expect("sets");
    cache.update("update", &product(), |_| 1_u64).await.expect("updates");
    cache.get_or_load("loaded", &product(), async || Ok::<_, ()>(1_u64)).await.expect("loads");
    let load = async |_| Ok::<_, ()>(HashMap::from([(Key::from("loaded:1"), 1_u64)]));
    cache.get_or_load_many(&["loaded:1".into()], &product(), load).await.expect("loads");
    scope(cache.clone(), async {
        put_early(1).await;
        put_late(1).await;
        assert_eq!(read(1).await, 1, "a reader that declares the region's tags is served the put value");
        put_plain(1).await;
    })
    .await;
    for key in keys {
        assert_eq!(cached(&cache, key).await, Some(1), "{key} is stored");
    }
    let stored = cache.get_or_load("put", &product(), async || Ok::<_, ()>(2_u64)).await;
    assert_eq!(stored, Ok(1), "a reader that declares the region's tags is served the put value");
    cache.evict_tags(["products", "own"]).await.expect("evicts");
    for key in keys {
        assert_eq!(cached(&cache, key).await, None, "{key} outlived its tag");
    }
    assert!(cache.exists("plain:1").await.expect("asks"), "where only expiry counts, entries carry no tags");
});

fn with_tags(count: usize) -> Policy {
    (0..count)
        .fold(Policy::new().ttl(Duration::from_mins(1)), |policy, number| policy.tag(format!("t:{number}")))
}

on_each_backend!(a_value_of_too_many_tags_is_loaded_and_not_stored, |caches| async move {
    let cache = caches.new_cache().await;
    for tags in [MAX_TAGS + 1, 70, 255, 256, 300] {
        for value in 1..=2_u64 {
            let read = cache.get_or_load("number", &with_tags(tags), async || Ok::<_, ()>(value)).await;
            assert_eq!(read, Ok(value), "{tags} tags");
            cache.evict_tags([format!("t:{}", tags - 1)]).await.expect("evicts");
        }
        assert!(!cache.exists("number").await.expect("asks"));
    }
    assert_eq!(cache.stats().total.rejected_values, 10);
    let load = async |_| Ok::<_, ()>(HashMap::from([(Key::from("number"), 1_u64)]));
    cache.get_or_load_many(&["number".into()], &with_tags(70), load).await.expect("loads");
    assert!(!cache.exists("number").await.expect("asks"));
    assert_eq!(cache.stats().total.rejected_values, 11);
    for _ in 0..2 {
        let read = cache.get_or_load("full", &with_tags(MAX_TAGS), async || Ok::<_, ()>(1_u64)).await;
        assert_eq!(read, Ok(1));
    }
    assert_eq!(cache.stats().total.hits, 1, "as many as an entry holds");
});

on_each_backend!(a_put_of_too_many_tags_is_an_error, |caches| async move {
    let cache = caches.new_cache().await;
    for tags in [MAX_TAGS + 1, 255, 256, 300] {
        let refused = cache.put("number", &1_u64, &with_tags(tags)).await.expect_err("too many");
        assert_eq!(refused.kind(), ErrorKind::Config);
        assert!(refused.to_string().contains(&tags.to_string()), "{refused}");
        let updated = cache.update("number", &with_tags(tags), |_| 1_u64).await.expect_err("too many");
        assert_eq!(updated.kind(), ErrorKind::Config);
        let guard = cache.begin_write(["number"], [""; 0]).await.expect("begins");
        let refused = guard.commit_put("number", &1_u64, &with_tags(tags)).await.expect_err("too many");
        assert_eq!(refused.kind(), ErrorKind::Config);
        assert!(!cache.exists("number").await.expect("asks"));
    }
    let refused = cache.stats().total.rejected_values;
    assert_eq!(refused, 12);
    cache.put("number", &1_u64, &with_tags(MAX_TAGS)).await.expect("as many as an entry holds");
    assert_eq!(cached(&cache, "number").await, Some(1));
});

#[cache_put(cache = "many", key = "put:{id}", tags = ["own:{id}", "t:1"])]
async fn put_many(id: u64) -> u64 {
    id
}

on_each_backend!(tags_joined_from_attribute_and_region_count_once_each, |caches| async move {
    let cache = caches.new_cache_with(tagged).await;
    scope(cache.clone(), put_many(1)).await;
    assert!(cache.exists("put:1").await.expect("asks"));
    // 64 of its own, of which the region has two too, and a third that is one too many.
    let policy = with_tags(MAX_TAGS).region("many");
    let refused = cache.put("number", &1_u64, &policy).await.expect_err("too many");
    assert!(refused.to_string().contains("65"), "{refused}");
});

#[tokio::test]
async fn a_policy_of_too_many_tags_builds_no_cache() {
    let build = |policy| {
        Cache::builder().namespace("it").backend(MemoryBackend::new()).region("product", policy).build()
    };
    let refused = build(with_tags(MAX_TAGS + 1)).expect_err("too many");
    assert_eq!(refused.kind(), ErrorKind::Config);
    assert!(refused.to_string().contains("65") && refused.to_string().contains("64"), "{refused}");
    build(with_tags(MAX_TAGS).tag("t:1")).expect("the same one twice is one");
}
