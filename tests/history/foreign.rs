//! The protocols that everybody writes first, under the same load: they show that the checker sees violations.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, RedisResult};

use crate::pace::pause;
use crate::shop::{Delays, Failed, Loaded, Shop, View};

const TTL_MS: u64 = 1000;
const LOCK_TTL_MS: u64 = 150;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);
/// The number of waits for another process's lock before loading without it.
const MAX_TRIES: usize = 40;

/// A protocol without a fence between load and store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// GET, and on a miss load and SET; writers DEL.
    Naive,
    /// The same, with a lock (SET NX) around load and SET.
    Locked,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Protocol::Naive => "naive",
            Protocol::Locked => "locked",
        }
    }

    fn key(self, id: u64) -> String {
        format!("history:{}:{id}", self.name())
    }
}

/// A client of these protocols.
#[derive(Clone)]
pub(crate) struct Foreign {
    pub(crate) connection: MultiplexedConnection,
    pub(crate) shop: Shop,
}

impl Foreign {
    pub(crate) async fn read(&self, protocol: Protocol, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        let key = protocol.key(id);
        let lock = format!("{key}:lock");
        for _ in 0..MAX_TRIES {
            if let Some(found) = self.get(&key, id).await? {
                return Ok(found);
            }
            match protocol {
                Protocol::Naive => return self.load_and_set(protocol, id, delays).await,
                Protocol::Locked if self.lock(&lock).await? => {
                    let loaded = self.load_and_set(protocol, id, delays).await;
                    self.connection.clone().del::<_, ()>(&lock).await?;
                    return loaded;
                }
                Protocol::Locked => pause(BETWEEN_TRIES).await,
            }
        }
        self.shop.load(View::Foreign(protocol), id, delays).await
    }

    pub(crate) async fn invalidate(&self, protocol: Protocol, id: u64) -> Result<(), Failed> {
        Ok(self.connection.clone().del(protocol.key(id)).await?)
    }

    async fn get(&self, key: &str, id: u64) -> RedisResult<Option<Loaded>> {
        let found: Option<String> = self.connection.clone().get(key).await?;
        let numbers = found.as_deref().and_then(|text| text.split_once(' '));
        let loaded = numbers.and_then(|(version, at)| {
            Some(Loaded { id, version: version.parse().ok()?, at: at.parse().ok()? })
        });
        Ok(loaded)
    }

    async fn lock(&self, lock: &str) -> RedisResult<bool> {
        let mut set = redis::cmd("SET");
        set.arg(lock).arg(1).arg("NX").arg("PX").arg(LOCK_TTL_MS);
        let taken: Option<String> = set.query_async(&mut self.connection.clone()).await?;
        Ok(taken.is_some())
    }

    async fn load_and_set(&self, protocol: Protocol, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        let loaded = self.shop.load(View::Foreign(protocol), id, delays).await?;
        let text = format!("{} {}", loaded.version, loaded.at);
        self.connection.clone().pset_ex::<_, _, ()>(protocol.key(id), text, TTL_MS).await?;
        Ok(loaded)
    }
}

impl From<redis::RedisError> for Failed {
    fn from(_: redis::RedisError) -> Self {
        Failed
    }
}
