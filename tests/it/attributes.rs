//! What the attributes do at run time, on each backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jollycache::{Cache, Policy, bypass, cache_evict, cache_put, cacheable, refresh, scope};
use jollycache_tests::Gate;
use serde::{Deserialize, Serialize};

use crate::backends::on_each_backend;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Product {
    id: u64,
    name: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Down;

/// A repository of one product, counting its loads.
#[derive(Clone, Default)]
struct Shop {
    product: Arc<std::sync::Mutex<Option<Product>>>,
    loads: Arc<AtomicU64>,
    down: Arc<AtomicBool>,
}

impl Shop {
    fn with(name: &str) -> Self {
        let shop = Shop::default();
        shop.write(name);
        shop
    }

    fn write(&self, name: &str) {
        *self.product.lock().unwrap() = Some(Product { id: 1, name: name.to_owned() });
    }

    fn load(&self) -> Result<Option<Product>, Down> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) { Err(Down) } else { Ok(self.product.lock().unwrap().clone()) }
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    #[cacheable(cache = "product", key = "product:{id}", ttl = "1m")]
    async fn find(&self, id: u64) -> Result<Option<Product>, Down> {
        self.load()
    }

    #[cacheable(cache = "maybe", key = "maybe:{id}", none_ttl = "1m")]
    async fn find_or_remember_absence(&self, id: u64) -> Result<Option<Product>, Down> {
        self.load()
    }

    #[cacheable(cache = "short", key = "short:{id}", ttl = "60ms", stale = "1m")]
    async fn find_stale(&self, id: u64) -> Result<Option<Product>, Down> {
        self.load()
    }

    #[cacheable(cache = "unless", key = "unless:{id}", unless = |product| product.name == "secret")]
    async fn find_unless_secret(&self, id: u64) -> Result<Option<Product>, Down> {
        self.load()
    }

    #[cacheable(cache = "conditional", key = "conditional:{id}", condition = id > 10)]
    async fn find_above_ten(&self, id: u64) -> Result<Option<Product>, Down> {
        self.load()
    }

    #[cacheable(cache = "own-ttl", key = "own-ttl:{id}", ttl = |product| Duration::from_millis(product.id * 60))]
    async fn find_with_own_ttl(&self, id: u64) -> Result<Option<Product>, Down> {
        self.load()
    }

    #[cacheable(cache = "product", key = "product:{id}", schema = 2)]
    async fn find_in_a_later_format(&self, id: u64) -> Result<Option<Product>, Down> {
        self.load()
    }

    #[cache_put(cache = "product", key = "product:{id}", ttl = "1m")]
    async fn update(&self, id: u64, name: &str, gate: &Gate) -> Result<Product, Down> {
        self.write(name);
        gate.pass().await;
        Ok(Product { id, name: name.to_owned() })
    }

    #[cache_put(cache = "product", key = "product:{ret.id}", ttl = "1m")]
    async fn create(&self, name: &str, gate: &Gate) -> Result<Product, Down> {
        self.write(name);
        gate.pass().await;
        Ok(Product { id: 1, name: name.to_owned() })
    }

    #[cache_evict(key = "product:{id}")]
    async fn delete(&self, id: u64) -> Result<bool, Down> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Down);
        }
        Ok(self.product.lock().unwrap().take().is_some())
    }

    #[cache_evict(key = "product:{id}", when = "before")]
    async fn evict_before(&self, id: u64, gate: &Gate) {
        gate.pass().await;
    }

    #[cache_evict(key = "product:{id}")]
    async fn evict_slowly(&self, id: u64, gate: &Gate) {
        gate.pass().await;
    }

    #[cache_evict(cache = "product", all)]
    async fn evict_all(&self) {}
}

fn open_gate() -> Gate {
    let gate = Gate::new();
    gate.open();
    gate
}

#[allow(clippy::unnecessary_wraps, reason = "it is compared with what a use case returns")]
fn named(name: &str) -> Result<Option<Product>, Down> {
    Ok(Some(Product { id: 1, name: name.to_owned() }))
}

on_each_backend!(only_ok_and_some_are_stored, |caches| async move {
    let shop = Shop::default();
    scope(caches.new_cache().await, async {
        shop.down.store(true, Ordering::SeqCst);
        assert_eq!(shop.find(1).await, Err(Down));
        shop.down.store(false, Ordering::SeqCst);
        assert_eq!(shop.find(1).await, Ok(None));
        shop.write("a");
        assert_eq!(shop.find(1).await, named("a"));
        shop.write("b");
        assert_eq!(shop.find(1).await, named("a"));
        assert_eq!(shop.loads(), 3);
    })
    .await;
});

on_each_backend!(an_absence_is_stored_where_none_ttl_is_set, |caches| async move {
    let shop = Shop::default();
    scope(caches.new_cache().await, async {
        for _ in 0..3 {
            assert_eq!(shop.find_or_remember_absence(1).await, Ok(None));
        }
        assert_eq!(shop.loads(), 1);
    })
    .await;
});

on_each_backend!(a_stale_value_is_served_while_one_refreshes_and_when_the_load_fails, |caches| async move {
    let shop = Shop::with("old");
    let cache = caches.new_cache().await;
    scope(cache.clone(), async {
        assert_eq!(shop.find_stale(1).await, named("old"));
        tokio::time::sleep(Duration::from_millis(80)).await;
        shop.down.store(true, Ordering::SeqCst);
        assert_eq!(shop.find_stale(1).await, named("old"), "the load failed, so the stale value is served");
        assert_eq!(shop.loads(), 2);
        shop.down.store(false, Ordering::SeqCst);
        shop.write("new");
        assert_eq!(shop.find_stale(1).await, named("new"), "the caller that refreshes has the new value");
        cache.evict("short:1").await.unwrap();
        shop.down.store(true, Ordering::SeqCst);
        assert_eq!(shop.find_stale(1).await, Err(Down), "an evicted value is not served stale");
    })
    .await;
    assert!(cache.stats().regions["short"].stale_reads >= 1);
});

on_each_backend!(a_tag_counts_whether_its_reader_declares_it_or_not, |caches| async move {
    let shop = Shop::with("new");
    let cache = caches.new_cache().await;
    let old = Product { id: 1, name: "old".to_owned() };
    let tagged = Policy::new().ttl(Duration::from_mins(1)).tag("gear");
    cache.put("product:1", &old, &tagged).await.unwrap();
    assert_eq!(cache.get("product:1").await.unwrap(), Some(old.clone()));
    assert_eq!(scope(cache.clone(), shop.find(1)).await, named("old"), "the reader declares no tag");
    cache.evict_tags(["gear"]).await.unwrap();
    assert_eq!(cache.get::<Product>("product:1").await.unwrap(), None);
    assert_eq!(cache.get_many::<Product>(&["product:1".into()]).await.unwrap(), [None]);
    assert_eq!(scope(cache.clone(), shop.find(1)).await, named("new"));

    // And an entry that lacks a tag which its reader declares is none that the tag's evictions reach.
    cache.put("product:2", &old, &Policy::new()).await.unwrap();
    let load = async || Ok::<_, Down>(Product { id: 2, name: "new".to_owned() });
    assert_eq!(cache.get_or_load("product:2", &tagged, load).await.unwrap().name, "new");
});

on_each_backend!(a_stale_value_of_an_evicted_tag_is_not_served, |caches| async move {
    let shop = Shop::with("new");
    let cache = caches.new_cache().await;
    let old = Product { id: 1, name: "old".to_owned() };
    let brief = Policy::new().ttl(Duration::from_millis(40)).stale(Duration::from_mins(1)).tag("gear");
    cache.put("short:1", &old, &brief).await.unwrap();
    tokio::time::sleep(Duration::from_millis(80)).await;
    shop.down.store(true, Ordering::SeqCst);
    assert_eq!(scope(cache.clone(), shop.find_stale(1)).await, named("old"));
    cache.evict_tags(["gear"]).await.unwrap();
    assert_eq!(scope(cache.clone(), shop.find_stale(1)).await, Err(Down));
});

on_each_backend!(unless_condition_and_a_ttl_of_the_value_are_obeyed, |caches| async move {
    let shop = Shop::with("secret");
    scope(caches.new_cache().await, async {
        for _ in 0..2 {
            shop.find_unless_secret(1).await.unwrap();
            shop.find_above_ten(1).await.unwrap();
        }
        assert_eq!(shop.loads(), 4, "neither was stored");
        for _ in 0..2 {
            shop.find_above_ten(11).await.unwrap();
        }
        assert_eq!(shop.loads(), 5);
        for _ in 0..2 {
            shop.find_with_own_ttl(1).await.unwrap();
        }
        assert_eq!(shop.loads(), 6);
        tokio::time::sleep(Duration::from_millis(100)).await;
        shop.find_with_own_ttl(1).await.unwrap();
        assert_eq!(shop.loads(), 7, "60 ms are over");
    })
    .await;
});

on_each_backend!(another_format_and_another_type_are_misses, |caches| async move {
    /// What `Product` was before a deploy.
    mod before {
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub(super) struct Product {
            pub(super) id: u64,
        }
    }

    #[cacheable(cache = "product", key = "product:{id}")]
    async fn find_before(id: u64) -> Result<Option<before::Product>, Down> {
        Ok(Some(before::Product { id }))
    }

    let shop = Shop::with("a");
    let cache = caches.new_cache().await;
    scope(cache.clone(), async {
        shop.find(1).await.unwrap();
        shop.find_in_a_later_format(1).await.unwrap();
        assert_eq!(shop.loads(), 2, "schema 2 does not read schema 0");
        assert_eq!(find_before(1).await.unwrap(), Some(before::Product { id: 1 }));
        assert_eq!(shop.find(1).await, named("a"));
        assert_eq!(shop.find(1).await, named("a"), "and the unreadable entry is replaced");
        assert_eq!(shop.loads(), 3);
    })
    .await;
    assert!(cache.stats().total.unreadable_entries >= 3);
});

on_each_backend!(bypass_reaches_the_original_and_refresh_replaces, |caches| async move {
    let shop = Shop::with("a");
    scope(caches.new_cache().await, async {
        shop.find(1).await.unwrap();
        shop.write("b");
        assert_eq!(bypass(shop.find(1)).await, named("b"));
        assert_eq!(shop.find(1).await, named("a"), "bypass stores nothing");
        assert_eq!(refresh(shop.find(1)).await, named("b"));
        assert_eq!(shop.find(1).await, named("b"));
        assert_eq!(shop.loads(), 3);
    })
    .await;
});

on_each_backend!(a_put_is_read_without_a_load, |caches| async move {
    let shop = Shop::with("a");
    let cache = caches.new_cache().await;
    scope(cache.clone(), async {
        shop.find(1).await.unwrap();
        shop.update(1, "b", &open_gate()).await.unwrap();
        assert_eq!(shop.find(1).await, named("b"));
        shop.create("c", &open_gate()).await.unwrap();
        assert_eq!(shop.find(1).await, named("c"));
        assert_eq!(shop.loads(), 1);
    })
    .await;
    assert_eq!(cache.stats().total.puts, 2);
});

on_each_backend!(a_reader_during_a_put_sees_the_source_and_stores_nothing, |caches| async move {
    let shop = Shop::with("a");
    let cache = caches.new_cache().await;
    scope(cache.clone(), shop.find(1)).await.unwrap();
    let gate = Gate::new();
    let writer = spawn_update(&cache, &shop, "b", &gate);
    gate.reached().await;
    for _ in 0..2 {
        assert_eq!(scope(cache.clone(), shop.find(1)).await, named("b"));
    }
    assert_eq!(shop.loads(), 3, "each read loads while the writer is at work");
    gate.open();
    writer.await.unwrap();
    assert_eq!(scope(cache.clone(), shop.find(1)).await, named("b"));
    assert_eq!(shop.loads(), 3);
});

on_each_backend!(two_puts_at_once_leave_no_older_value, |caches| async move {
    let shop = Shop::with("a");
    let (one, two) = (caches.new_cache().await, caches.new_cache().await);
    for order in [[0, 1], [1, 0]] {
        let gates = [Gate::new(), Gate::new()];
        let first = spawn_update(&one, &shop, "first", &gates[0]);
        gates[0].reached().await;
        let second = spawn_update(&two, &shop, "second", &gates[1]);
        gates[1].reached().await;
        let mut writers = [Some(first), Some(second)];
        for index in order {
            gates[index].open();
            writers[index].take().unwrap().await.unwrap();
        }
        for cache in [&one, &two] {
            assert_eq!(scope(cache.clone(), shop.find(1)).await, named("second"), "order {order:?}");
        }
    }
});

on_each_backend!(a_put_under_a_late_key_yields_to_a_writer_that_came_in_between, |caches| async move {
    let shop = Shop::default();
    let (one, two) = (caches.new_cache().await, caches.new_cache().await);
    let gate = Gate::new();
    let creator = {
        let (cache, shop, gate) = (one.clone(), shop.clone(), gate.clone());
        tokio::spawn(async move { scope(cache, shop.create("created", &gate)).await })
    };
    gate.reached().await;
    // It is in the source, and another caller changes it before the creator writes to the cache.
    scope(two.clone(), shop.update(1, "changed", &open_gate())).await.unwrap();
    gate.open();
    creator.await.unwrap().unwrap();
    assert_eq!(scope(one.clone(), shop.find(1)).await, named("changed"));
    let gate = Gate::new();
    let creator = {
        let (cache, shop, gate) = (one.clone(), shop.clone(), gate.clone());
        tokio::spawn(async move { scope(cache, shop.create("again", &gate)).await })
    };
    gate.reached().await;
    scope(two.clone(), shop.delete(1)).await.unwrap();
    gate.open();
    creator.await.unwrap().unwrap();
    assert_eq!(scope(two.clone(), shop.find(1)).await, Ok(None), "a deleted product does not come back");
});

on_each_backend!(a_cancelled_writer_leaves_no_old_value, |caches| async move {
    let shop = Shop::with("a");
    let cache = caches.new_cache().await;
    scope(cache.clone(), shop.find(1)).await.unwrap();
    let gate = Gate::new();
    let writer = spawn_update(&cache, &shop, "b", &gate);
    gate.reached().await;
    writer.abort();
    let _ = writer.await;
    assert_eq!(scope(cache.clone(), shop.find(1)).await, named("b"));
    // And it does not keep the others from caching for the whole life of its intent.
    let start = tokio::time::Instant::now();
    while cache.get::<Product>("product:1").await.unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(5), "the intent of a cancelled writer stays");
        scope(cache.clone(), shop.find(1)).await.unwrap();
    }

    let gate = Gate::new();
    let evicter = {
        let (cache, shop, gate) = (cache.clone(), shop.clone(), gate.clone());
        tokio::spawn(async move { scope(cache, shop.evict_slowly(1, &gate)).await })
    };
    gate.reached().await;
    shop.write("c");
    evicter.abort();
    let _ = evicter.await;
    assert_eq!(scope(cache.clone(), shop.find(1)).await, named("c"), "it may have written, so it evicts");
});

on_each_backend!(a_failed_write_evicts_nothing_and_a_good_one_does, |caches| async move {
    let shop = Shop::with("a");
    scope(caches.new_cache().await, async {
        shop.find(1).await.unwrap();
        shop.down.store(true, Ordering::SeqCst);
        assert_eq!(shop.delete(1).await, Err(Down));
        shop.down.store(false, Ordering::SeqCst);
        assert_eq!(shop.find(1).await, named("a"));
        assert_eq!(shop.loads(), 1);
        assert_eq!(shop.delete(1).await, Ok(true));
        assert_eq!(shop.find(1).await, Ok(None));
    })
    .await;
});

on_each_backend!(before_evicts_before_and_all_evicts_its_region_only, |caches| async move {
    let shop = Shop::with("a");
    let cache = caches.new_cache().await;
    scope(cache.clone(), async {
        shop.find(1).await.unwrap();
        shop.find_or_remember_absence(1).await.unwrap();
        let gate = Gate::new();
        let evicting = shop.evict_before(1, &gate);
        let looking = async {
            gate.reached().await;
            let held = cache.get::<Product>("product:1").await.unwrap();
            gate.open();
            held
        };
        assert_eq!(tokio::join!(evicting, looking).1, None, "it was evicted before the body ran");
        shop.find(1).await.unwrap();
        shop.evict_all().await;
        assert_eq!(cache.get::<Product>("product:1").await.unwrap(), None);
        assert!(cache.get::<Product>("maybe:1").await.unwrap().is_some(), "another region stands");
    })
    .await;
});

fn spawn_update(cache: &Cache, shop: &Shop, name: &'static str, gate: &Gate) -> tokio::task::JoinHandle<()> {
    let (cache, shop, gate) = (cache.clone(), shop.clone(), gate.clone());
    tokio::spawn(async move { scope(cache, shop.update(1, name, &gate)).await.map(drop).unwrap() })
}

/// The promise of the macros: 512 bytes, whatever the body holds.
#[test]
fn the_future_of_an_annotated_function_is_small() {
    #[cacheable(cache = "big", key = "big:{id}:{name}", ttl = "1m", tags = ["a", "b:{id}"], none_ttl = "1s")]
    async fn big(id: u64, name: &str) -> Result<Option<Product>, Down> {
        let scratch = [0_u8; 4096];
        tokio::task::yield_now().await;
        Ok((scratch[usize::try_from(id).unwrap_or_default()] == 0)
            .then(|| Product { id, name: name.to_owned() }))
    }

    #[cache_evict(key = "big:{id}", tags = ["a", "b"])]
    async fn evicts(id: u64) -> Result<(), Down> {
        tokio::task::yield_now().await;
        Ok(())
    }

    #[cache_put(key = "big:{id}", tags = ["a", "b"])]
    async fn puts(id: u64) -> Result<u64, Down> {
        tokio::task::yield_now().await;
        Ok(id)
    }

    let sizes = [size_of_val(&big(1, "x")), size_of_val(&evicts(1)), size_of_val(&puts(1))];
    println!("futures of cacheable, evict and put: {sizes:?} bytes");
    assert!(sizes.iter().all(|size| *size <= 512), "{sizes:?}");
}
