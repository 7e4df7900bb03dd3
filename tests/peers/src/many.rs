//! A read of 100 keys with two tags each, on 8 tasks, against one MGET of the 100 values and the two tags' keys, decoded.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;
use jollycache::{Cache, Key, Policy};

use crate::harness::{Contender, Length, compare};
use crate::work::{self, KEYS, Product, connection_of, key_number, spread};

const TASKS: u64 = 8;
const KEYS_PER_READ: u64 = 100;

pub fn run(length: &Length) -> Result<()> {
    let server = work::server()?;
    work::runtime(true)?.block_on(async {
        let bare = work::connections(&server).await?;
        let cache = work::cache_on(&server).await?;
        let mut pipe = redis::pipe();
        for id in 0..KEYS {
            pipe.set(format!("bare:{id}"), Product::new(id).to_json()?).ignore();
        }
        pipe.set("tag:products", "0123456789abcdef").ignore().set("tag:gear", "0123456789abcdef").ignore();
        pipe.query_async::<()>(&mut bare[0].clone()).await?;
        for start in (0..KEYS).step_by(usize::try_from(KEYS_PER_READ)?) {
            read_many(&cache, start).await?;
        }
        let contenders = [
            Contender::new("redis, MGET of 102 and decode", |total| {
                spread(total, TASKS, |task, count| {
                    let mut connection = connection_of(&bare, task);
                    async move {
                        for operation in 0..count {
                            let mut command = redis::cmd("MGET");
                            for at in 0..KEYS_PER_READ {
                                command.arg(format!("bare:{}", key_number(task, operation + at)));
                            }
                            command.arg("tag:products").arg("tag:gear");
                            let values: Vec<Vec<u8>> = command.query_async(&mut connection).await?;
                            let products = values.iter().take(usize::try_from(KEYS_PER_READ)?);
                            let products: Vec<Product> = products
                                .map(|value| serde_json::from_slice(value))
                                .collect::<Result<_, _>>()?;
                            black_box(products);
                        }
                        Ok(())
                    }
                })
            }),
            Contender::new("JollyCache, get_or_load_many of 100", |total| {
                spread(total, TASKS, |task, count| {
                    let cache = cache.clone();
                    async move {
                        for operation in 0..count {
                            black_box(read_many(&cache, key_number(task, operation)).await?);
                        }
                        Ok(())
                    }
                })
            }),
        ];
        compare("A read of 100 keys with two tags, 8 tasks", length, &contenders).await
    })
}

async fn read_many(cache: &Cache, start: u64) -> Result<HashMap<Key, Product>> {
    let keys: Vec<_> = (0..KEYS_PER_READ)
        .map(|at| Key::builder().literal("product:").part(&((start + at) % KEYS)).build())
        .collect();
    let policy = Policy::new().ttl(Duration::from_secs(3_600)).tag("products").tag("gear");
    let load = |missing: Vec<Key>| async move {
        let loaded = missing.into_iter().map(|key| (key, Product::new(0)));
        Ok::<_, std::io::Error>(loaded.collect::<HashMap<_, _>>())
    };
    Ok(cache.get_or_load_many(&keys, &policy, load).await?)
}
