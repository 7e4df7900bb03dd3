//! A write with an eviction of a key and a tag around it, on 64 tasks, against the UPDATE and one DEL.
//!
//! The UPDATE is one SET on the same server by a connection of its own, about the round trip of a row's update by its
//! primary key. UPDATE and DEL promise nothing about a load that runs meanwhile; the eviction does.

use std::hint::black_box;

use anyhow::Result;
use jollycache::{Cache, cache_evict};
use redis::aio::MultiplexedConnection;

use crate::harness::{Contender, Length, compare};
use crate::work::{self, connection_of, key_number, spread};

const TASKS: u64 = 64;

#[derive(Clone)]
struct Shop {
    cache: Cache,
    source: MultiplexedConnection,
}

impl Shop {
    async fn update(&self, id: u64) -> Result<u64, redis::RedisError> {
        let mut source = self.source.clone();
        redis::cmd("SET").arg(format!("row:{id}")).arg(id).exec_async(&mut source).await?;
        Ok(id)
    }

    #[cache_evict(key = "product:{id}", tags = ["products"], when = "around", with = self.cache)]
    async fn update_and_evict(&self, id: u64) -> Result<u64, redis::RedisError> {
        self.update(id).await
    }
}

pub fn run(length: &Length) -> Result<()> {
    let server = work::server()?;
    work::runtime(true)?.block_on(async {
        let bare = work::connections(&server).await?;
        let source = redis::Client::open(server.url())?.get_multiplexed_async_connection().await?;
        let shop = Shop { cache: work::cache_on(&server).await?, source };
        let contenders = [
            Contender::new("UPDATE and DEL", |total| {
                spread(total, TASKS, |task, count| {
                    let (shop, mut connection) = (shop.clone(), connection_of(&bare, task));
                    async move {
                        for operation in 0..count {
                            let id = shop.update(key_number(task, operation)).await?;
                            redis::cmd("DEL").arg(format!("bare:{id}")).exec_async(&mut connection).await?;
                        }
                        Ok(())
                    }
                })
            }),
            Contender::new("JollyCache, `when = \"around\"`", |total| {
                spread(total, TASKS, |task, count| {
                    let shop = shop.clone();
                    async move {
                        for operation in 0..count {
                            black_box(shop.update_and_evict(key_number(task, operation)).await?);
                        }
                        Ok(())
                    }
                })
            }),
        ];
        compare("A write with an eviction of a key and a tag, 64 tasks", length, &contenders).await
    })
}
