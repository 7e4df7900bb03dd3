//! The work that all contenders do: the value, the keys, and how operations are spread over tasks.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jollycache::{Cache, RedisBackend};
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};

use crate::redis_server::RedisServer;

/// The keys that are read.
pub const KEYS: u64 = 1_000;
/// The connections of each client that has a choice.
pub const CONNECTIONS: usize = 2;

/// A value of about 500 bytes of JSON.
#[derive(Debug, Clone, Serialize, Deserialize, hitbox_fn::prelude::CacheableResponse)]
pub struct Product {
    pub id: u64,
    pub name: String,
    pub description: String,
    pub tags: Vec<String>,
}

impl Product {
    pub fn new(id: u64) -> Self {
        let tags = ["travel", "gear", "cabin"].map(str::to_owned).to_vec();
        Product { id, name: format!("Product {id}"), description: "d".repeat(400), tags }
    }

    pub fn to_json(&self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }
}

/// The key number of an operation: tasks begin at different keys, and each runs through all of them.
pub fn key_number(task: u64, operation: u64) -> u64 {
    (task * 7 + operation) % KEYS
}

/// A server of its own, on a free port.
pub fn server() -> Result<RedisServer> {
    RedisServer::start().context("redis-server is needed: cargo xtask services")
}

/// A JollyCache on a server.
pub async fn cache_on(server: &RedisServer) -> Result<Cache> {
    let backend = RedisBackend::builder(server.url()).connections(CONNECTIONS).build()?;
    Ok(Cache::builder().namespace("peers").backend(backend).build()?)
}

/// Connections of the bare client.
pub async fn connections(server: &RedisServer) -> Result<Vec<MultiplexedConnection>> {
    let client = redis::Client::open(server.url())?;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(client.get_multiplexed_async_connection().await?);
    }
    Ok(connections)
}

/// The connection of a task.
pub fn connection_of(connections: &[MultiplexedConnection], task: u64) -> MultiplexedConnection {
    let place = usize::try_from(task).unwrap_or(0) % connections.len();
    connections[place].clone()
}

/// Spreads operations over tasks and returns the time until all are done. `operations` gets the number of its task and
/// how many operations to do.
pub async fn spread<F, R>(total: u64, tasks: u64, operations: F) -> Result<Duration>
where
    F: Fn(u64, u64) -> R,
    R: Future<Output = Result<()>> + Send + 'static,
{
    let start = Instant::now();
    let share = |task: u64| total / tasks + u64::from(task < total % tasks);
    let running: Vec<_> = (0..tasks).map(|task| tokio::spawn(operations(task, share(task)))).collect();
    for task in running {
        task.await??;
    }
    Ok(start.elapsed())
}

/// A runtime with a worker per core, or of the current thread alone.
pub fn runtime(is_multi_thread: bool) -> Result<tokio::runtime::Runtime> {
    let mut builder = if is_multi_thread {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    Ok(builder.enable_all().build()?)
}
