//! A hit on Redis: one key of 1,000, a value of about 500 bytes of JSON, on 64 and 512 tasks, on a runtime with a worker per
//! core and on one of a single thread; and a hit with two tags, against one MGET of the value and two small keys.
//!
//! The baseline reads with the bare `redis` crate and decodes. JollyCache, the bare client and fred have two connections;
//! cached and hitbox open one.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use cached::{AsyncRedisCache, ConcurrentCachedAsync};
use fred::clients::Pool;
use fred::interfaces::{ClientLike, KeysInterface};
use hitbox_fn::prelude::{CacheStatus, PolicyConfig, cached};
use hitbox_redis::{ConnectionMode, RedisBackend as HitboxRedis};
use jollycache::{Cache, cacheable};
use redis::aio::MultiplexedConnection;

use crate::harness::{Contender, Length, compare};
use crate::redis_server::RedisServer;
use crate::work::{self, CONNECTIONS, KEYS, Product, connection_of, key_number, spread};

const TASKS: [u64; 2] = [64, 512];
const HOUR: Duration = Duration::from_secs(3_600);

#[cacheable(cache = "product", key = "product:{id}", ttl = "1h", with = cache, skip(cache))]
async fn find(cache: &Cache, id: u64) -> Result<Product, std::io::Error> {
    Ok(Product::new(id))
}

#[cacheable(cache = "product", key = "tagged:{id}", ttl = "1h", tags = ["products", "gear"], with = cache, skip(cache))]
async fn find_tagged(cache: &Cache, id: u64) -> Result<Product, std::io::Error> {
    Ok(Product::new(id))
}

#[cached(prefix = "product")]
async fn find_by_hitbox(id: u64) -> Product {
    Product::new(id)
}

type Hitbox = hitbox_fn::Cache<HitboxRedis<hitbox_backend::format::JsonFormat>>;

/// The clients of one runtime, on one server.
struct Clients {
    bare: Vec<MultiplexedConnection>,
    fred: Pool,
    cached: Arc<AsyncRedisCache<String, Product>>,
    hitbox: Arc<Hitbox>,
    jolly: Cache,
}

pub fn run(length: &Length) -> Result<()> {
    let server = work::server()?;
    for (is_multi_thread, name) in [(true, "multi-thread"), (false, "current-thread")] {
        work::runtime(is_multi_thread)?.block_on(async {
            let clients = Clients::on(&server).await?;
            for tasks in TASKS {
                let title = format!("A hit on Redis, {tasks} tasks, {name} runtime");
                compare(&title, length, &clients.untagged(tasks)).await?;
                let title = format!("A hit on Redis with two tags, {tasks} tasks, {name} runtime");
                compare(&title, length, &clients.tagged(tasks)).await?;
            }
            let loads = clients.jolly.stats().total.loads;
            anyhow::ensure!(loads <= 2 * KEYS, "JollyCache loaded {loads} values: not all were hits");
            Ok(())
        })?;
    }
    Ok(())
}

impl Clients {
    async fn on(server: &RedisServer) -> Result<Self> {
        let fred =
            Pool::new(fred::types::config::Config::from_url(&server.url())?, None, None, None, CONNECTIONS)?;
        fred.init().await?;
        let cached =
            AsyncRedisCache::builder("cached").ttl(HOUR).connection_string(&server.url()).build().await?;
        let backend = HitboxRedis::builder()
            .connection(ConnectionMode::single(server.url()))
            .value_format(hitbox_backend::format::JsonFormat)
            .build()?;
        let policy = PolicyConfig::builder().ttl(HOUR).build();
        let clients = Clients {
            bare: work::connections(server).await?,
            fred,
            cached: Arc::new(cached),
            hitbox: Arc::new(hitbox_fn::Cache::builder().backend(backend).policy(policy).build()),
            jolly: work::cache_on(server).await?,
        };
        clients.fill().await?;
        Ok(clients)
    }

    async fn fill(&self) -> Result<()> {
        let mut connection = self.bare[0].clone();
        for id in 0..KEYS {
            let product = Product::new(id);
            let mut pipe = redis::pipe();
            pipe.set(bare_key(id), product.to_json()?).ignore();
            pipe.set("tag:products", "0123456789abcdef")
                .ignore()
                .set("tag:gear", "0123456789abcdef")
                .ignore();
            pipe.query_async::<()>(&mut connection).await?;
            let _ = self.cached.async_cache_set(id.to_string(), product).await?;
            find_by_hitbox(id).cache(&*self.hitbox).await;
            find(&self.jolly, id).await?;
            find_tagged(&self.jolly, id).await?;
        }
        // hitbox hides a failed read behind a miss, which would be measured as a load.
        let (_, context) = find_by_hitbox(0).cache(&*self.hitbox).with_context().await;
        anyhow::ensure!(context.status == CacheStatus::Hit, "hitbox did not read what it stored");
        Ok(())
    }

    fn untagged(&self, tasks: u64) -> Vec<Contender<'_>> {
        vec![
            self.by_hand(tasks),
            self.bare_get(tasks),
            self.fred(tasks),
            self.cached(tasks),
            self.hitbox(tasks),
            Contender::new("JollyCache", move |total| {
                spread(total, tasks, |task, count| {
                    let cache = self.jolly.clone();
                    async move {
                        for operation in 0..count {
                            black_box(find(&cache, key_number(task, operation)).await?);
                        }
                        Ok(())
                    }
                })
            }),
        ]
    }

    fn tagged(&self, tasks: u64) -> Vec<Contender<'_>> {
        vec![
            Contender::new("redis, MGET of three and decode", move |total| {
                spread(total, tasks, |task, count| {
                    let mut connection = connection_of(&self.bare, task);
                    async move {
                        for operation in 0..count {
                            let key = bare_key(key_number(task, operation));
                            let mut command = redis::cmd("MGET");
                            command.arg(key).arg("tag:products").arg("tag:gear");
                            let (value, one, other): (Vec<u8>, Vec<u8>, Vec<u8>) =
                                command.query_async(&mut connection).await?;
                            black_box((serde_json::from_slice::<Product>(&value)?, one, other));
                        }
                        Ok(())
                    }
                })
            }),
            Contender::new("JollyCache, two tags", move |total| {
                spread(total, tasks, |task, count| {
                    let cache = self.jolly.clone();
                    async move {
                        for operation in 0..count {
                            black_box(find_tagged(&cache, key_number(task, operation)).await?);
                        }
                        Ok(())
                    }
                })
            }),
        ]
    }

    /// What an application writes without a cache library: GET, decode; or load, encode, SET.
    fn by_hand(&self, tasks: u64) -> Contender<'_> {
        Contender::new("redis by hand, GET and decode", move |total| {
            spread(total, tasks, |task, count| {
                let mut connection = connection_of(&self.bare, task);
                async move {
                    for operation in 0..count {
                        black_box(find_by_hand(&mut connection, key_number(task, operation)).await?);
                    }
                    Ok(())
                }
            })
        })
    }

    /// The client alone: the bytes are not decoded.
    fn bare_get(&self, tasks: u64) -> Contender<'_> {
        Contender::new("redis, GET only", move |total| {
            spread(total, tasks, |task, count| {
                let mut connection = connection_of(&self.bare, task);
                async move {
                    for operation in 0..count {
                        let key = bare_key(key_number(task, operation));
                        let bytes: Vec<u8> = redis::cmd("GET").arg(key).query_async(&mut connection).await?;
                        black_box(bytes);
                    }
                    Ok(())
                }
            })
        })
    }

    fn fred(&self, tasks: u64) -> Contender<'_> {
        Contender::new("fred, GET and decode", move |total| {
            spread(total, tasks, |task, count| {
                let client = self.fred.clone();
                async move {
                    for operation in 0..count {
                        let bytes: Vec<u8> = client.get(bare_key(key_number(task, operation))).await?;
                        black_box(serde_json::from_slice::<Product>(&bytes)?);
                    }
                    Ok(())
                }
            })
        })
    }

    fn cached(&self, tasks: u64) -> Contender<'_> {
        Contender::new("cached, AsyncRedisCache", move |total| {
            spread(total, tasks, |task, count| {
                let cache = self.cached.clone();
                async move {
                    for operation in 0..count {
                        let key = key_number(task, operation).to_string();
                        black_box(cache.async_cache_get(&key).await?.context("a miss")?);
                    }
                    Ok(())
                }
            })
        })
    }

    fn hitbox(&self, tasks: u64) -> Contender<'_> {
        Contender::new("hitbox, Redis backend", move |total| {
            spread(total, tasks, |task, count| {
                let cache = self.hitbox.clone();
                async move {
                    for operation in 0..count {
                        black_box(find_by_hitbox(key_number(task, operation)).cache(&*cache).await);
                    }
                    Ok(())
                }
            })
        })
    }
}

async fn find_by_hand(connection: &mut MultiplexedConnection, id: u64) -> Result<Product> {
    let key = bare_key(id);
    let found: Option<Vec<u8>> = redis::cmd("GET").arg(&key).query_async(connection).await?;
    if let Some(bytes) = found {
        return Ok(serde_json::from_slice(&bytes)?);
    }
    let product = Product::new(id);
    redis::cmd("SET").arg(&key).arg(product.to_json()?).arg("EX").arg(3_600).exec_async(connection).await?;
    Ok(product)
}

fn bare_key(id: u64) -> String {
    format!("bare:{id}")
}
