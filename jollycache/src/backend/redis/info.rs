//! What the server reports of itself.

use redis::cmd;

use super::pool::Pool;
use super::reply;
use crate::backend::BackendInfo;
use crate::error::Result;

pub(super) async fn info(pool: &Pool) -> Result<BackendInfo> {
    let mut command = cmd("INFO");
    command.arg("server").arg("memory").arg("clients").arg("stats");
    let text = reply::text(pool.read("", &command).await?.0)?;
    let keys = reply::integer(pool.read("", &cmd("DBSIZE")).await?.0)?;
    Ok(BackendInfo {
        version: reply::field(&text, "redis_version").map(str::to_owned),
        used_memory: number(&text, "used_memory"),
        max_memory: number(&text, "maxmemory").filter(|&limit| limit > 0),
        peak_memory: number(&text, "used_memory_peak"),
        memory_fragmentation: number(&text, "mem_fragmentation_ratio"),
        keys: u64::try_from(keys).ok(),
        capacity_evictions: number(&text, "evicted_keys"),
        expired_keys: number(&text, "expired_keys"),
        connected_clients: number(&text, "connected_clients"),
        ..BackendInfo::new("redis")
    })
}

fn number<T: std::str::FromStr>(info: &str, name: &str) -> Option<T> {
    reply::field(info, name).and_then(|text| text.parse().ok())
}
