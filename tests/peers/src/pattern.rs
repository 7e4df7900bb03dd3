//! An eviction by pattern over 100,000 keys that all match, against SCAN (COUNT 1000) and UNLINK of each page.
//!
//! Each side has its own server, which is filled before each round; the time per operation is that of the whole
//! eviction. Three rounds, whatever the length, since filling takes longer than evicting.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jollycache::{Cache, Key, Policy};
use redis::aio::MultiplexedConnection;

use crate::harness::{Length, Measured};
use crate::redis_server::RedisServer;
use crate::report;
use crate::work::{self, spread};

const ENTRIES: u64 = 100_000;
const ROUNDS: usize = 3;
const FILLERS: u64 = 64;

pub fn run(_: &Length) -> Result<()> {
    let (bare_server, jolly_server) = (work::server()?, work::server()?);
    work::runtime(true)?.block_on(async {
        let mut bare = Vec::new();
        let mut jolly = Vec::new();
        for _ in 0..ROUNDS {
            bare.push(scan_and_unlink(&bare_server).await?.as_secs_f64());
            jolly.push(evict_pattern(&jolly_server).await?.as_secs_f64());
        }
        let title = format!("An eviction by pattern of {ENTRIES} entries");
        let measured = [
            Measured { name: "redis, SCAN and UNLINK", per_operation: bare },
            Measured { name: "JollyCache, evict_pattern", per_operation: jolly },
        ];
        report::print_table(&title, &measured);
        Ok(())
    })
}

async fn scan_and_unlink(server: &RedisServer) -> Result<Duration> {
    let mut connection = work::connections(server).await?.remove(0);
    flush(&mut connection).await?;
    for start in (0..ENTRIES).step_by(1_000) {
        let mut pipe = redis::pipe();
        for id in start..start + 1_000 {
            pipe.set(format!("peers:product:{id}"), id).ignore();
        }
        pipe.query_async::<()>(&mut connection).await?;
    }
    let start = Instant::now();
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg("peers:product:*").arg("COUNT").arg(1_000);
        let (next, keys): (u64, Vec<String>) = scan.query_async(&mut connection).await?;
        if !keys.is_empty() {
            redis::cmd("UNLINK").arg(keys).exec_async(&mut connection).await?;
        }
        cursor = next;
        if cursor == 0 {
            return Ok(start.elapsed());
        }
    }
}

async fn evict_pattern(server: &RedisServer) -> Result<Duration> {
    flush(&mut work::connections(server).await?.remove(0)).await?;
    let cache = work::cache_on(server).await?;
    fill(&cache).await?;
    let start = Instant::now();
    let evicted = cache.evict_pattern("product:*").await?;
    let took = start.elapsed();
    ensure!(evicted == ENTRIES, "evicted {evicted} entries of {ENTRIES}");
    Ok(took)
}

async fn fill(cache: &Cache) -> Result<()> {
    let policy = Policy::new().ttl(Duration::from_secs(3_600));
    spread(ENTRIES, FILLERS, |task, count| {
        let (cache, policy) = (cache.clone(), policy.clone());
        async move {
            for at in 0..count {
                let key = Key::builder().literal("product:").part(&(task + at * FILLERS)).build();
                cache.put(key, &at, &policy).await?;
            }
            Ok(())
        }
    })
    .await?;
    Ok(())
}

async fn flush(connection: &mut MultiplexedConnection) -> Result<()> {
    Ok(redis::cmd("FLUSHALL").exec_async(connection).await?)
}
