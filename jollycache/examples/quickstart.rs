//! One annotated function: loaded once, evicted, loaded again. `cargo run -p jollycache --example quickstart`

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jollycache::{Cache, MemoryBackend, Policy, cache_evict, cacheable};

static LOADS: AtomicU64 = AtomicU64::new(0);

#[cacheable(cache = "product", key = "product:{id}", ttl = "30m", tags = ["products"])]
async fn find_product(id: u64) -> Result<String, std::io::Error> {
    let load = LOADS.fetch_add(1, Ordering::Relaxed) + 1;
    Ok(format!("product {id}, as of load {load}"))
}

#[cache_evict(tags = ["products"])]
async fn change_prices() {}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // For Redis: `.backend(RedisBackend::connect("redis://127.0.0.1:6379").await?)`.
    let cache = Cache::builder()
        .namespace("quickstart")
        .backend(MemoryBackend::new())
        .region("product", Policy::new().stale(Duration::from_secs(10 * 60)))
        .build()?;
    jollycache::install(cache.clone())?;

    println!("{}", find_product(42).await?);
    println!("{}", find_product(42).await?);
    change_prices().await;
    println!("{}", find_product(42).await?);

    let stats = cache.stats().total;
    println!("{} hits, {} misses, {} loads", stats.hits, stats.misses, stats.loads);
    Ok(())
}
