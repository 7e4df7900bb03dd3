//! What the attributes write raises no lint, however strict: clippy runs on this file with warnings denied.
#![deny(warnings, clippy::all, clippy::pedantic)]

use std::time::Duration;

use jollycache::{Cache, KeyPart, cache_config, cache_evict, cache_put, cacheable};
use serde::{Deserialize, Serialize};

/// What is cached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Product {
    id: u64,
    name: String,
}

/// What takes part in keys.
#[derive(Debug, Clone, KeyPart)]
struct Query<T> {
    page: u32,
    of: T,
}

/// Both kinds of newtype.
#[derive(Debug, Clone, Copy, KeyPart)]
enum Kind {
    /// Without data.
    Plain,
    /// With data.
    Numbered(u32, Id),
    /// With names.
    Named {
        /// A number.
        id: Id,
    },
}

/// A newtype.
#[derive(Debug, Clone, Copy, KeyPart)]
struct Id(u64);

#[cacheable(
    cache = "lint",
    key = "lint:{id}:{name | hash}",
    ttl = "30m",
    jitter = "10%",
    stale = "1m",
    none_ttl = "30s",
    timeout = "1s",
    tags = ["lint", "lint:{id}"],
    unless = |product| product.id == 0,
    condition = id > 0,
    single_flight = "local",
    schema = 1
)]
async fn find(id: u64, name: &str) -> Result<Option<Product>, String> {
    tokio::task::yield_now().await;
    if id == 0 {
        return Ok(None);
    }
    Ok(Some(Product { id, name: name.to_owned() }))
}

/// A service.
#[derive(Debug, Clone)]
struct Service {
    cache: Cache,
}

#[cache_config(with = self.cache, cache = "lint", ttl = Duration::from_mins(1))]
impl Service {
    #[cacheable(skip(_trace))]
    async fn by_default_key<T: KeyPart + Send>(&self, query: Query<T>, kind: Kind, _trace: u8) -> u32 {
        tokio::task::yield_now().await;
        drop(query.of);
        match kind {
            Kind::Plain => query.page,
            Kind::Numbered(number, _) => number,
            Kind::Named { id } => u32::try_from(id.0).unwrap_or_default(),
        }
    }

    #[cache_put(key = "lint:{ret.id}:{name}", tags = ["lint:{ret.id}:{name}"], ttl = |product| Duration::from_secs(product.id))]
    #[cache_evict(tags = ["lint"])]
    async fn put(&mut self, name: String) -> Product {
        tokio::task::yield_now().await;
        Product { id: 1, name }
    }

    #[cache_evict(all, pattern = "lint:*:{id}", when = "before")]
    async fn clear(&self, id: u32) {
        tokio::task::yield_now().await;
        drop(id.to_string());
    }
}

/// A trait, as `async_trait` sees it.
#[async_trait::async_trait]
trait Repository {
    /// Finds.
    async fn find(&self, id: u64) -> Option<Product>;
}

#[async_trait::async_trait]
impl Repository for Service {
    #[cacheable(key = "lint:{id}")]
    async fn find(&self, id: u64) -> Option<Product> {
        tokio::task::yield_now().await;
        (id > 0).then(|| Product { id, name: String::new() })
    }
}

#[tokio::test]
async fn what_is_linted_also_works() {
    let backend = jollycache::MemoryBackend::new();
    let cache = Cache::builder().namespace("lint").backend(backend).build().expect("a cache");
    let mut service = Service { cache: cache.clone() };
    jollycache::scope(cache, async {
        assert_eq!(find(0, "a").await, Ok(None));
        assert_eq!(find(1, "a").await.map(|found| found.map(|product| product.id)), Ok(Some(1)));
        let query = Query { page: 7, of: "x" };
        assert_eq!(service.by_default_key(query, Kind::Plain, 0).await, 7);
        let query = Query { page: 7, of: 1 };
        assert_eq!(service.by_default_key(query, Kind::Numbered(2, Id(3)), 0).await, 2);
        let query = Query { page: 7, of: 1 };
        assert_eq!(service.by_default_key(query, Kind::Named { id: Id(4) }, 0).await, 4);
        assert_eq!(service.put("n".to_owned()).await.id, 1);
        service.clear(1).await;
        assert_eq!(Repository::find(&service, 5).await.map(|product| product.id), Some(5));
    })
    .await;
}
