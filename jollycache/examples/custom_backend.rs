//! A backend of one's own: a `HashMap` over the protocol's state machines, with the core and without capabilities.
//!
//! `cargo run --example custom_backend --features test-util` runs the conformance suite on it, then a cache over it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jollycache::backend::state::{Slot, TagSlot};
use jollycache::backend::{
    Backend, Draft, Entry, Filled, Lease, LeaseRequest, RegionId, RunId, Signal, Token, Watch, Watchers,
    WriteEnd,
};
use jollycache::key::StoredKey;
use jollycache::test_util::conformance;
use jollycache::{Cache, Policy, Result};

/// Keeps everything, without a bound: for the example.
#[derive(Debug, Default)]
pub(crate) struct MapBackend {
    slots: Mutex<HashMap<StoredKey, Slot>>,
    tags: Mutex<HashMap<StoredKey, TagSlot>>,
    watchers: Watchers,
}

impl MapBackend {
    /// Runs one step of the protocol on a key, under the lock, so that it is atomic.
    fn step<T>(&self, key: &StoredKey, step: impl FnOnce(Slot, u64) -> (Slot, T)) -> T {
        let mut slots = locked(&self.slots);
        let slot = slots.remove(key).unwrap_or_default();
        let (next, answer) = step(slot, now_ms());
        if next != Slot::Vacant {
            slots.insert(key.clone(), next);
        }
        answer
    }

    /// Runs one step of the protocol on each tag.
    fn step_tags<T>(&self, tags: &[StoredKey], step: impl Fn(TagSlot, u64) -> (TagSlot, T)) -> Vec<T> {
        let (mut slots, now) = (locked(&self.tags), now_ms());
        let answers = tags.iter().map(|tag| {
            let (next, answer) = step(slots.remove(tag).unwrap_or_default(), now);
            if !next.is_vacant(now) {
                slots.insert(tag.clone(), next);
            }
            answer
        });
        answers.collect()
    }

    fn live_ids(&self, tags: &[StoredKey]) -> Vec<Option<Token>> {
        let slots = locked(&self.tags);
        tags.iter().map(|tag| slots.get(tag).and_then(TagSlot::id)).collect()
    }
}

#[async_trait]
impl Backend for MapBackend {
    fn name(&self) -> &'static str {
        "map"
    }

    async fn read_many(
        &self,
        keys: &[StoredKey],
        tags: &[StoredKey],
    ) -> Result<(Vec<Option<Entry>>, Vec<Option<Token>>)> {
        let entry = |slot: Slot, now| (slot.clone(), slot.at(now).entry().cloned());
        // The entries first: an id that is read later can only be newer, which makes a miss.
        let entries = keys.iter().map(|key| self.step(key, entry)).collect();
        Ok((entries, self.live_ids(tags)))
    }

    async fn tag_ids(&self, tags: &[StoredKey]) -> Result<Vec<Token>> {
        Ok(self.step_tags(tags, |tag, now| tag.ensure_id(now, Token::random())))
    }

    /// Nothing outlives the process, so there is one run.
    async fn run(&self) -> Result<RunId> {
        Ok(RunId([0; 4]))
    }

    async fn lease(&self, request: LeaseRequest<'_>) -> Result<Lease> {
        Ok(self.step(request.key, |slot, now| slot.lease(now, &request)))
    }

    async fn take_lease(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<Option<Token>> {
        Ok(self.step(key, |slot, now| slot.take_lease(now, region, token, ttl)))
    }

    async fn fill(&self, key: &StoredKey, token: Token, draft: &Draft, tags: &[StoredKey]) -> Result<Filled> {
        let stored = self.step(key, |slot, now| slot.fill(now, token, draft));
        self.watchers.notify(key.as_str(), Signal::Changed);
        Ok(Filled::new(stored, self.live_ids(tags)))
    }

    async fn release(&self, key: &StoredKey, token: Token) -> Result<bool> {
        let released = self.step(key, |slot, now| slot.release(now, token));
        self.watchers.notify(key.as_str(), Signal::Failed);
        Ok(released)
    }

    async fn invalidate(&self, keys: &[StoredKey], tags: &[StoredKey], grace: Duration) -> Result<u64> {
        self.step_tags(tags, |tag, now| (tag.evict(now, grace), ()));
        let mut held = 0;
        for key in keys {
            held += u64::from(self.step(key, |slot, now| slot.invalidate(now, grace)));
            self.watchers.notify(key.as_str(), Signal::Changed);
        }
        Ok(held)
    }

    async fn begin_write(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<()> {
        self.step(key, |slot, now| (slot.begin_write(now, region, token, ttl), ()));
        self.watchers.notify(key.as_str(), Signal::Changed);
        Ok(())
    }

    async fn end_write(&self, key: &StoredKey, token: Token, end: WriteEnd<'_>) -> Result<bool> {
        let stored = self.step(key, |slot, now| slot.end_write(now, token, &end));
        self.watchers.notify(key.as_str(), Signal::Changed);
        Ok(stored)
    }

    async fn close_tags(&self, tags: &[StoredKey], token: Token, ttl: Duration) -> Result<()> {
        self.step_tags(tags, |tag, now| (tag.close(now, token, ttl), ()));
        Ok(())
    }

    async fn open_tags(&self, tags: &[StoredKey], token: Token, grace: Duration) -> Result<()> {
        self.step_tags(tags, |tag, now| (tag.open(now, token, grace), ()));
        Ok(())
    }

    async fn watch(&self, key: &StoredKey) -> Result<Watch> {
        Ok(self.watchers.watch(key.as_str()))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[allow(clippy::disallowed_methods, reason = "the example has no clock of its own")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[tokio::main]
async fn main() -> Result<()> {
    conformance::run_all(Arc::new(MapBackend::default())).await;
    let cache = Cache::builder().namespace("example").backend(MapBackend::default()).build()?;
    let load = async || Ok::<_, jollycache::Error>("hello".to_owned());
    let greeting = cache.get_or_load("greeting", &Policy::new(), load).await?;
    println!("{greeting}");
    Ok(())
}
