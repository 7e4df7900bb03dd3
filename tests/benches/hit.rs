//! An annotated hit on Redis, against the bare `redis` crate doing GET and decoding the same value, in one run.
//!
//! `cargo xtask bench --bench hit`. Both sides use the same number of connections; the work of one iteration
//! is one read of one of 1,000 keys, spread over 1, 64 and 512 tasks.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and fails by panicking"
)]

use std::future::Future;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jollycache::{Cache, MemoryBackend, RedisBackend, cacheable};
use jollycache_tests::RedisServer;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const KEYS: u64 = 1_000;
const TASKS: [u64; 3] = [1, 64, 512];
/// What `RedisBackend` opens by default.
const CONNECTIONS: usize = 2;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Product {
    id: u64,
    name: String,
    description: String,
    tags: Vec<String>,
}

impl Product {
    fn new(id: u64) -> Self {
        let tags = ["travel", "gear", "cabin"].map(str::to_owned).to_vec();
        Product { id, name: format!("Product {id}"), description: "d".repeat(400), tags }
    }
}

#[cacheable(cache = "product", key = "product:{id}", ttl = "1h", with = cache, skip(cache))]
async fn find(cache: &Cache, id: u64) -> Result<Product, std::io::Error> {
    Ok(Product::new(id))
}

#[cacheable(cache = "product", key = "tagged:{id}", ttl = "1h", tags = ["products", "gear"], with = cache, skip(cache))]
async fn find_tagged(cache: &Cache, id: u64) -> Result<Product, std::io::Error> {
    Ok(Product::new(id))
}

/// Runs `iterations` reads over `tasks` tasks, and returns how long it took.
async fn spread<F, R>(iterations: u64, tasks: u64, read: F) -> Duration
where
    F: Fn(u64, u64) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    let start = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| tokio::spawn(read(task, iterations / tasks + u64::from(task < iterations % tasks))))
        .collect();
    for task in running {
        task.await.unwrap();
    }
    start.elapsed()
}

async fn cache_on(server: &RedisServer) -> Cache {
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    Cache::builder().namespace("bench").backend(backend).build().unwrap()
}

async fn connections(server: &RedisServer) -> Vec<redis::aio::MultiplexedConnection> {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(client.get_multiplexed_async_connection().await.unwrap());
    }
    let mut pipe = redis::pipe();
    for id in 0..KEYS {
        pipe.set(format!("bare:{id}"), serde_json::to_vec(&Product::new(id)).unwrap()).ignore();
    }
    pipe.query_async::<()>(&mut connections[0]).await.unwrap();
    connections
}

fn hits(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let Some(server) = RedisServer::start() else { return };
    let cache = runtime.block_on(cache_on(&server));
    let bare = runtime.block_on(connections(&server));
    runtime.block_on(async {
        for id in 0..KEYS {
            find(&cache, id).await.unwrap();
            find_tagged(&cache, id).await.unwrap();
        }
    });
    let mut group = c.benchmark_group("redis_hit");
    group.throughput(Throughput::Elements(1));
    for tasks in TASKS {
        group.bench_with_input(BenchmarkId::new("bare_redis", tasks), &tasks, |bencher, &tasks| {
            bencher.to_async(&runtime).iter_custom(|iterations| {
                spread(iterations, tasks, |task, count| {
                    let mut connection = bare[usize::try_from(task).unwrap() % CONNECTIONS].clone();
                    async move {
                        for i in 0..count {
                            let key = format!("bare:{}", (task * 7 + i) % KEYS);
                            let bytes: Vec<u8> =
                                redis::cmd("GET").arg(key).query_async(&mut connection).await.unwrap();
                            let product: Product = serde_json::from_slice(&bytes).unwrap();
                            std::hint::black_box(product);
                        }
                    }
                })
            });
        });
        group.bench_with_input(BenchmarkId::new("cacheable", tasks), &tasks, |bencher, &tasks| {
            bencher.to_async(&runtime).iter_custom(|iterations| {
                spread(iterations, tasks, |task, count| {
                    let cache = cache.clone();
                    async move {
                        for i in 0..count {
                            std::hint::black_box(find(&cache, (task * 7 + i) % KEYS).await.unwrap());
                        }
                    }
                })
            });
        });
        group.bench_with_input(BenchmarkId::new("cacheable_two_tags", tasks), &tasks, |bencher, &tasks| {
            bencher.to_async(&runtime).iter_custom(|iterations| {
                spread(iterations, tasks, |task, count| {
                    let cache = cache.clone();
                    async move {
                        for i in 0..count {
                            std::hint::black_box(find_tagged(&cache, (task * 7 + i) % KEYS).await.unwrap());
                        }
                    }
                })
            });
        });
    }
    group.finish();
    assert_eq!(cache.stats().total.loads, 2 * KEYS, "the benchmark measured hits only");
}

fn memory_hits(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let cache = runtime.block_on(async {
        let cache = Cache::builder().namespace("bench").backend(MemoryBackend::new()).build().unwrap();
        find(&cache, 1).await.unwrap();
        cache
    });
    let mut group = c.benchmark_group("memory_hit");
    group.bench_function("cacheable", |bencher| {
        bencher.to_async(&runtime).iter(async || std::hint::black_box(find(&cache, 1).await.unwrap()));
    });
    let encoded = serde_json::to_vec(&Product::new(1)).unwrap();
    group.bench_function("decode_alone", |bencher| {
        bencher.iter(|| std::hint::black_box(serde_json::from_slice::<Product>(&encoded).unwrap()));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    targets = hits, memory_hits
}
criterion_main!(benches);
