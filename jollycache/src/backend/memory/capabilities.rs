//! Locks, counters, rate limits, topics and lifetimes in memory.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use moka::ops::compute::Op;

use super::MemoryBackend;
use crate::backend::capability::{Counters, Lifetimes, Locks, RateLimits, Topics};
use crate::backend::notify::{Delivery, Signal, Subscription};
use crate::clock::{Micros, Millis, as_millis, now_ms, now_us};
use crate::entry::Token;
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;
use crate::protocol::{LockAnswer, LockSlot, RateMode, RateRequest, RateVerdict, Slot};

/// A counter's value and when it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counter {
    value: i64,
    expires: Option<Millis>,
}

impl MemoryBackend {
    fn change_lock<T>(
        &self,
        lock: &StoredKey,
        step: impl FnOnce(LockSlot, Micros) -> (LockSlot, T),
    ) -> Result<T> {
        let mut outcome = None;
        self.locks.entry_by_ref(lock).and_upsert_with(|found| {
            let (next, result) = step(found.map(moka::Entry::into_value).unwrap_or_default(), now_us());
            outcome = Some(result);
            next
        });
        outcome.ok_or_else(|| Error::new(ErrorKind::Backend, "the store did not change the lock"))
    }
}

#[async_trait]
impl Locks for MemoryBackend {
    async fn lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<LockAnswer> {
        self.change_lock(lock, |slot, now| slot.acquire(now, token, ttl))
    }

    async fn extend_lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<bool> {
        self.change_lock(lock, |slot, now| slot.extend(now, token, ttl))
    }

    async fn unlock(&self, lock: &StoredKey, token: Token) -> Result<bool> {
        let unlocked = self.change_lock(lock, |slot, now| slot.release(now, token))?;
        if unlocked {
            self.watchers.notify(lock.as_str(), Signal::Changed);
        }
        Ok(unlocked)
    }
}

#[async_trait]
impl Counters for MemoryBackend {
    async fn add(&self, counter: &StoredKey, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        let now = now_ms();
        let mut sum = None;
        self.counters.entry_by_ref(counter).and_compute_with(|found| {
            let fresh = || Counter { value: 0, expires: ttl.map(|ttl| now.saturating_add(as_millis(ttl))) };
            let live = found
                .map(moka::Entry::into_value)
                .filter(|counter| counter.expires.is_none_or(|end| end > now));
            let counter = live.unwrap_or_else(fresh);
            sum = counter.value.checked_add(delta);
            sum.map_or(Op::Nop, |value| Op::Put(Counter { value, ..counter }))
        });
        sum.ok_or_else(|| {
            Error::new(ErrorKind::Backend, "the counter would pass the range of a 64-bit integer")
        })
    }
}

#[async_trait]
impl RateLimits for MemoryBackend {
    async fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>> {
        self.rates.admit(requests, mode)
    }

    async fn forget_rates(&self, keys: &[StoredKey]) -> Result<()> {
        for key in keys {
            self.rates.forget(key);
        }
        Ok(())
    }
}

#[async_trait]
impl Topics for MemoryBackend {
    async fn publish(&self, topic: &StoredKey, message: Bytes) -> Result<()> {
        self.subscribers.deliver(topic.as_str(), Delivery::Message(message));
        Ok(())
    }

    async fn subscribe(&self, topic: &StoredKey) -> Result<Subscription> {
        Ok(self.subscribers.subscribe(topic.as_str()))
    }
}

#[async_trait]
impl Lifetimes for MemoryBackend {
    async fn ttl(&self, key: &StoredKey) -> Result<Option<Duration>> {
        let now = now_ms();
        Ok(self.slots.get(key).and_then(|slot| match slot.at(now) {
            Slot::Filled { expires, .. } => Some(Duration::from_millis(expires - now)),
            _ => None,
        }))
    }

    async fn expire(&self, key: &StoredKey, ttl: Duration) -> Result<bool> {
        Ok(self.transition(key, |slot, now| slot.expire(now, ttl)))
    }
}
