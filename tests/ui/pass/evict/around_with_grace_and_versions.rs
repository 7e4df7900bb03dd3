use std::time::Duration;

use jollycache::{Cache, MemoryBackend, cache_config, cache_evict, cache_put, cacheable};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Product { id: u64, version: i64 }

struct Shop { cache: Cache, lag: Duration }

#[cache_config(with = self.cache, grace = "1ms", consistency = "strict")]
impl Shop {
    #[cacheable(key = "product:{id}:{version}", version = ret.version)]
    #[allow(dead_code)]
    async fn find(&self, id: u64, version: i64) -> Result<Option<Product>, String> { Ok(Some(Product { id, version })) }

    #[cache_put(key = "product:{ret.id}", version = ret.version)]
    async fn store(&self, product: Product) -> Product { product }

    #[cache_evict(key = "product:{id}", tags = ["products"], when = "around", grace = self.lag)]
    async fn delete(&self, id: u64) -> bool { id > 0 }
}

#[tokio::main]
async fn main() {
    let cache = Cache::builder().namespace("ui").backend(MemoryBackend::new()).build().unwrap();
    let shop = Shop { cache: cache.clone(), lag: Duration::from_millis(1) };
    assert!(shop.delete(1).await);
    shop.store(Product { id: 1, version: 7 }).await;
    shop.store(Product { id: 1, version: 6 }).await;
    let kept = cache.get::<Product>("product:1").await.unwrap();
    assert_eq!(kept, None, "a put that was refused leaves nothing that it might have made old");
}
