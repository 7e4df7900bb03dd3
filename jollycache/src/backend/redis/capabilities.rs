//! Locks, counters, rate limits, topics and lifetimes on Redis.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Value, cmd};

use super::arguments::lifetime_ms;
use super::error::unexpected;
use super::pubsub::topic_channel;
use super::{RedisBackend, rates, reply, scripts};
use crate::backend::capability::{Counters, Lifetimes, Locks, RateLimits, Topics};
use crate::backend::notify::Subscription;
use crate::entry::Token;
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;
use crate::protocol::{LockAnswer, RateMode, RateRequest, RateVerdict};

impl RedisBackend {
    /// Calls the lock's script. Returns the fence, zero if another token holds the lock, and the lock's remaining time.
    async fn change_lock(
        &self,
        lock: &StoredKey,
        how: &str,
        token: Token,
        ttl: Duration,
    ) -> Result<(u64, Duration)> {
        let mut call = scripts::LOCK.call(lock.as_str());
        call.arg(how).arg(&token.0[..]).arg(lifetime_ms(ttl));
        let [fence, remaining] = reply::list_of(self.pool.call(call).await?)?;
        let fence = u64::try_from(reply::integer(fence)?).map_err(|_| unexpected())?;
        Ok((fence, reply::millis(reply::integer(remaining)?)))
    }
}

#[async_trait]
impl Locks for RedisBackend {
    async fn lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<LockAnswer> {
        let (fence, remaining) = self.change_lock(lock, "acquire", token, ttl).await?;
        Ok(if fence == 0 { LockAnswer::Held { remaining } } else { LockAnswer::Locked { fence } })
    }

    async fn extend_lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<bool> {
        self.change_lock(lock, "extend", token, ttl).await.map(|(fence, _)| fence > 0)
    }

    async fn unlock(&self, lock: &StoredKey, token: Token) -> Result<bool> {
        self.change_lock(lock, "release", token, Duration::ZERO).await.map(|(fence, _)| fence > 0)
    }
}

#[async_trait]
impl Counters for RedisBackend {
    async fn add(&self, counter: &StoredKey, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        let mut call = scripts::ADD.call(counter.as_str());
        call.arg(delta).arg(ttl.map_or_else(String::new, |ttl| lifetime_ms(ttl).to_string()));
        match self.pool.call(call).await? {
            Value::Nil => {
                Err(Error::new(ErrorKind::Backend, "the counter would pass the range of a 64-bit integer"))
            }
            sum => reply::integer(sum),
        }
    }
}

#[async_trait]
impl RateLimits for RedisBackend {
    async fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>> {
        let Some(call) = rates::call(requests, mode)? else { return Ok(Vec::new()) };
        rates::verdicts(requests, self.pool.call(call).await?)
    }

    async fn forget_rates(&self, keys: &[StoredKey]) -> Result<()> {
        self.unlink(keys).await
    }
}

#[async_trait]
impl Topics for RedisBackend {
    async fn publish(&self, topic: &StoredKey, message: Bytes) -> Result<()> {
        let mut command = cmd("PUBLISH");
        command.arg(topic_channel(topic)).arg(&message[..]);
        // Over the same connection as the writes, behind the one that it reports.
        self.pool.write(&command).await.map(drop)
    }

    async fn subscribe(&self, topic: &StoredKey) -> Result<Subscription> {
        self.pubsub.subscribe(topic).await
    }
}

#[async_trait]
impl Lifetimes for RedisBackend {
    async fn ttl(&self, key: &StoredKey) -> Result<Option<Duration>> {
        let remaining = reply::integer(self.pool.call(scripts::TTL.call(key.as_str())).await?)?;
        Ok(u64::try_from(remaining).ok().map(Duration::from_millis))
    }

    async fn expire(&self, key: &StoredKey, ttl: Duration) -> Result<bool> {
        let mut call = scripts::EXPIRE.call(key.as_str());
        call.arg(lifetime_ms(ttl));
        reply::flag(self.pool.call(call).await?)
    }
}
