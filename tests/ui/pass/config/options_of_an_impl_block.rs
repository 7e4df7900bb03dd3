//! The block's options reach the methods that take them; a method's own option wins.

use std::time::Duration;

use jollycache::{Cache, cache_config, cache_evict, cache_put, cacheable};

struct Service {
    cache: Option<Cache>,
}

#[cache_config(
    cache = "product",
    ttl = "30m",
    stale = "10m",
    jitter = "10%",
    timeout = "50ms",
    single_flight = "local",
    schema = 3,
    on_error = "propagate"
)]
impl Service {
    #[cacheable(key = "product:{id}")]
    async fn find(&self, id: u32) -> Result<u32, jollycache::Error> {
        Ok(id)
    }

    #[jollycache::cacheable]
    async fn bare(&self, id: u32) -> Result<u32, jollycache::Error> {
        Ok(id)
    }

    #[cacheable(key = "own:{id}", ttl = |_| Duration::from_secs(1), cache = "own", on_error = "bypass",)]
    async fn own(&self, id: u32) -> u32 {
        id
    }

    #[cache_put(key = "product:{id}", on_error = "bypass")]
    async fn put(&mut self, id: u32) -> u32 {
        id
    }

    /// `all` needs a region, and the block names it.
    #[cache_evict(all)]
    async fn clear(&self) -> Result<(), jollycache::Error> {
        let _ = &self.cache;
        self.not_annotated();
        Ok(())
    }

    fn not_annotated(&self) {}
}

#[async_trait::async_trait]
trait Repository {
    async fn find(&self, id: u32) -> u32;
}

#[cache_config(with = self.cache.as_ref().expect("a cache"))]
#[async_trait::async_trait]
impl Repository for Service {
    #[cacheable(key = "with:{id}", condition = self.cache.is_some())]
    async fn find(&self, id: u32) -> u32 {
        id
    }
}

#[tokio::main]
async fn main() {
    let mut service = Service { cache: None };
    assert_eq!(Service::find(&service, 1).await.unwrap(), 1);
    assert_eq!(service.bare(2).await.unwrap(), 2);
    assert_eq!(service.own(3).await, 3);
    assert_eq!(service.put(4).await, 4);
    service.clear().await.unwrap();
}
