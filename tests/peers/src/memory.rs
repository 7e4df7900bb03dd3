//! A hit in memory: one key of 1,000, a value of about 500 bytes, one task, no capacity eviction.
//!
//! First as an `Arc` of the value, against moka's; then as a value of one's own, against moka's with a clone. JollyCache
//! decodes the stored value on each hit, so its result is the same in both tables.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use jollycache::{Cache, MemoryBackend, cacheable};

use crate::harness::{Contender, Length, compare};
use crate::work::{KEYS, Product, key_number, runtime};

#[cacheable(cache = "product", key = "product:{id}", ttl = "1h", with = cache, skip(cache))]
async fn find(cache: &Cache, id: u64) -> Result<Product, std::io::Error> {
    Ok(Product::new(id))
}

pub fn run(length: &Length) -> Result<()> {
    runtime(false)?.block_on(async {
        let stores = Stores::filled().await?;
        let shared = [
            stores.moka_arc(),
            stores.moka_future(),
            stores.quick_cache(),
            stores.foyer(),
            stores.jollycache(),
        ];
        compare("A hit in memory, returning `Arc<T>`", length, &shared).await?;
        let owned = [stores.moka_clone(), stores.jollycache()];
        compare("A hit in memory, returning `T`, a clone", length, &owned).await
    })
}

struct Stores {
    moka: moka::sync::Cache<String, Arc<Product>>,
    moka_future: moka::future::Cache<String, Arc<Product>>,
    quick: quick_cache::sync::Cache<String, Arc<Product>>,
    foyer: foyer::Cache<String, Arc<Product>>,
    jolly: Cache,
}

impl Stores {
    async fn filled() -> Result<Self> {
        let capacity = usize::try_from(2 * KEYS)?;
        let stores = Stores {
            moka: moka::sync::Cache::builder()
                .max_capacity(2 * KEYS)
                .time_to_live(Duration::from_secs(3_600))
                .build(),
            moka_future: moka::future::Cache::builder()
                .max_capacity(2 * KEYS)
                .time_to_live(Duration::from_secs(3_600))
                .build(),
            quick: quick_cache::sync::Cache::new(capacity),
            foyer: foyer::CacheBuilder::new(capacity).build(),
            jolly: Cache::builder().namespace("peers").backend(MemoryBackend::new()).build()?,
        };
        for id in 0..KEYS {
            let (key, value) = (key_of(id), Arc::new(Product::new(id)));
            stores.moka.insert(key.clone(), value.clone());
            stores.moka_future.insert(key.clone(), value.clone()).await;
            stores.quick.insert(key.clone(), value.clone());
            stores.foyer.insert(key, value);
            find(&stores.jolly, id).await?;
        }
        Ok(stores)
    }

    fn moka_arc(&self) -> Contender<'_> {
        Contender::blocking("moka, sync", |number| {
            black_box(self.moka.get(&key_of(number)));
        })
    }

    fn moka_clone(&self) -> Contender<'_> {
        Contender::blocking("moka, sync, and a clone", |number| {
            black_box(self.moka.get(&key_of(number)).map(|value| Product::clone(&value)));
        })
    }

    fn moka_future(&self) -> Contender<'_> {
        Contender::new("moka, future", move |operations| async move {
            let start = Instant::now();
            for number in 0..operations {
                black_box(self.moka_future.get(&key_of(number)).await);
            }
            Ok(start.elapsed())
        })
    }

    fn quick_cache(&self) -> Contender<'_> {
        Contender::blocking("quick_cache", |number| {
            black_box(self.quick.get(&key_of(number)));
        })
    }

    fn foyer(&self) -> Contender<'_> {
        Contender::blocking("foyer, memory", |number| {
            black_box(self.foyer.get(&key_of(number)));
        })
    }

    fn jollycache(&self) -> Contender<'_> {
        Contender::new("JollyCache, memory backend", move |operations| async move {
            let start = Instant::now();
            for number in 0..operations {
                black_box(find(&self.jolly, key_number(0, number)).await?);
            }
            Ok(start.elapsed())
        })
    }
}

/// All contenders build a `String` key per operation, as an application does.
fn key_of(number: u64) -> String {
    format!("product:{}", key_number(0, number))
}
