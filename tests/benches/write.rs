//! What a write costs more when it evicts after itself, around itself, or puts what it wrote; on Redis, in one run.
//!
//! `cargo xtask bench --bench write`. The source's UPDATE is one SET on the same server, by a connection of its
//! own: about what a row's update by its key costs in round trips.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use criterion::{Criterion, criterion_group, criterion_main};
use jollycache::{Cache, RedisBackend, cache_evict, cache_put};
use jollycache_tests::RedisServer;
use redis::aio::MultiplexedConnection;
use tokio::runtime::Runtime;

#[derive(Clone)]
struct Shop {
    cache: Cache,
    source: MultiplexedConnection,
}

impl Shop {
    async fn on(server: &RedisServer) -> Self {
        let backend = RedisBackend::connect(&server.url()).await.unwrap();
        let cache = Cache::builder().namespace("bench").backend(backend).build().unwrap();
        let source =
            redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
        Shop { cache, source }
    }

    async fn update(&self, id: u64) -> u64 {
        let mut source = self.source.clone();
        redis::cmd("SET").arg("row").arg(id).query_async::<()>(&mut source).await.unwrap();
        id
    }

    #[cache_evict(key = "product:{id}", tags = ["products"], with = self.cache)]
    async fn update_and_evict_after(&self, id: u64) -> u64 {
        self.update(id).await
    }

    #[cache_evict(key = "product:{id}", tags = ["products"], when = "around", with = self.cache)]
    async fn update_and_evict_around(&self, id: u64) -> u64 {
        self.update(id).await
    }

    #[cache_put(key = "product:{id}", with = self.cache)]
    async fn update_and_put(&self, id: u64) -> u64 {
        self.update(id).await
    }
}

fn writes(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let Some(server) = RedisServer::start() else { return };
    let shop = runtime.block_on(Shop::on(&server));
    let mut group = c.benchmark_group("write");
    group.bench_function("plain_update", |bencher| bencher.to_async(&runtime).iter(|| shop.update(1)));
    group.bench_function("evict_after", |bencher| {
        bencher.to_async(&runtime).iter(|| shop.update_and_evict_after(1));
    });
    group.bench_function("evict_around", |bencher| {
        bencher.to_async(&runtime).iter(|| shop.update_and_evict_around(1));
    });
    group.bench_function("put", |bencher| bencher.to_async(&runtime).iter(|| shop.update_and_put(1)));
    group.finish();
    assert_eq!(shop.cache.stats().total.backend_errors, 0);
}

criterion_group!(benches, writes);
criterion_main!(benches);
