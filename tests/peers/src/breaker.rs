//! A call while the circuit breaker is open, because the server is gone, against the function alone.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jollycache::{Cache, cacheable};

use crate::harness::{Contender, Length, compare};
use crate::work::{self, Product, key_number};

/// The calls after which the breaker must be open.
const MAX_CALLS: u64 = 1_000;

async fn load(id: u64) -> Result<Product, std::io::Error> {
    Ok(Product::new(id))
}

#[cacheable(cache = "product", key = "product:{id}", ttl = "1h", with = cache, skip(cache))]
async fn find(cache: &Cache, id: u64) -> Result<Product, std::io::Error> {
    load(id).await
}

pub fn run(length: &Length) -> Result<()> {
    let mut server = work::server()?;
    work::runtime(true)?.block_on(async {
        let cache = work::cache_on(&server).await?;
        find(&cache, 1).await?;
        server.kill();
        let mut calls = 0;
        while cache.is_connected() {
            ensure!(calls < MAX_CALLS, "the breaker is closed after {calls} calls without a server");
            find(&cache, calls).await?;
            calls += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let contenders = [
            Contender::new("the function alone", |operations| async move {
                let start = Instant::now();
                for number in 0..operations {
                    black_box(load(key_number(0, number)).await?);
                }
                Ok(start.elapsed())
            }),
            Contender::new("JollyCache, breaker open", |operations| {
                let cache = cache.clone();
                async move {
                    let start = Instant::now();
                    for number in 0..operations {
                        black_box(find(&cache, key_number(0, number)).await?);
                    }
                    Ok(start.elapsed())
                }
            }),
        ];
        compare("A call while the breaker is open", length, &contenders).await
    })
}
