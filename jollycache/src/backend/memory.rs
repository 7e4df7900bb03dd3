//! `MemoryBackend`: the protocol in this process, on moka.

use std::fmt;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use moka::Expiry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache as Store;

use super::{Backend, BackendInfo, Delivery, RateStore, Signal, Subscribers, Subscription, Watch, Watchers};
use crate::clock::{Micros, Millis, as_millis, now_ms, now_us};
use crate::entry::{Draft, Entry, RegionId, RunId, Token};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{StoredKey, glob_matches};
use crate::protocol::{
    Filled, Inspection, Lease, LeaseRequest, LockAnswer, LockSlot, RateMode, RateRequest, RateVerdict, Read,
    ScanCursor, ScanPage, Selection, Slot, TagSlot, WriteEnd,
};

/// How many bytes of keys and payloads a [`MemoryBackend`] keeps by default.
pub const DEFAULT_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// How many tag ids, counters and locks it keeps, each; a tag id that is pushed out makes its entries misses.
const MAX_TAGS: u64 = 1_000_000;
/// What a slot costs beside its payload, roughly.
const SLOT_OVERHEAD_BYTES: usize = 160;

/// Entries in this process's memory, with a bound on their size.
///
/// The same protocol as on a server, for one process: for tests, for small services, and for a start without one.
/// Nothing outlives the process. When the bound is reached, the entries used least recently go first.
///
/// ```
/// use jollycache::MemoryBackend;
///
/// let backend = MemoryBackend::with_max_bytes(16 * 1024 * 1024);
/// ```
pub struct MemoryBackend {
    slots: Store<StoredKey, Slot>,
    tags: Store<StoredKey, TagSlot>,
    counters: Store<StoredKey, Counter>,
    locks: Store<StoredKey, LockSlot>,
    rates: RateStore,
    watchers: Watchers,
    subscribers: Subscribers,
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    value: i64,
    expires: Option<Millis>,
}

impl MemoryBackend {
    /// A store of at most 256 MiB.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn new() -> Self {
        MemoryBackend::with_max_bytes(DEFAULT_MAX_BYTES)
    }

    /// A store of at most `max_bytes` of keys and payloads, about.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// let backend = MemoryBackend::with_max_bytes(64 << 20);
    /// let cache = Cache::builder().namespace("doc").backend(backend).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn with_max_bytes(max_bytes: u64) -> Self {
        let slots = Store::builder()
            .max_capacity(max_bytes)
            // Not TinyLFU: it may turn away a key that is seldom seen, and a lease is always new.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|key: &StoredKey, slot: &Slot| weigh(key, slot))
            .expire_after(UntilVacant)
            .build();
        MemoryBackend {
            slots,
            tags: Store::new(MAX_TAGS),
            counters: Store::new(MAX_TAGS),
            // As for the slots: a new lock is not turned away.
            locks: Store::builder().max_capacity(MAX_TAGS).eviction_policy(EvictionPolicy::lru()).build(),
            rates: RateStore::new(),
            watchers: Watchers::default(),
            subscribers: Subscribers::default(),
        }
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        MemoryBackend::new()
    }
}

impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBackend").field("entries", &self.slots.entry_count()).finish_non_exhaustive()
    }
}

impl MemoryBackend {
    /// Runs one transition of the protocol, atomically on its key.
    fn transition<T: Default>(&self, key: &StoredKey, step: impl FnOnce(Slot, Millis) -> (Slot, T)) -> T {
        let mut outcome = T::default();
        self.slots.entry_by_ref(key).and_compute_with(|found| {
            let (next, result) = step(found.map(moka::Entry::into_value).unwrap_or_default(), now_ms());
            outcome = result;
            match next {
                Slot::Vacant => Op::Remove,
                slot => Op::Put(slot),
            }
        });
        outcome
    }

    fn entry(&self, key: &StoredKey) -> Option<Entry> {
        match self.slots.get(key)?.at(now_ms()) {
            Slot::Filled { entry, .. } => Some(entry),
            _ => None,
        }
    }

    fn live_ids(&self, tags: &[StoredKey]) -> Vec<Option<Token>> {
        tags.iter().map(|tag| self.tags.get(tag).and_then(|tag| tag.id())).collect()
    }

    fn change_tags(&self, tags: &[StoredKey], change: impl Fn(TagSlot, Millis) -> TagSlot) {
        let now = now_ms();
        for tag in tags {
            self.tags.entry_by_ref(tag).and_compute_with(|found| {
                let changed = change(found.map(moka::Entry::into_value).unwrap_or_default(), now);
                if changed.is_vacant(now) { Op::Remove } else { Op::Put(changed) }
            });
        }
    }

    /// The tag's id, made if it has none. A closed tag's is not kept, so that nothing stored meanwhile is valid.
    fn tag_id(&self, tag: &StoredKey, now: Millis) -> Token {
        let fresh = Token::random();
        let held =
            self.tags.entry_by_ref(tag).and_compute_with(|found| match found.map(moka::Entry::into_value) {
                Some(tag) if tag.id().is_some() || tag.is_closed(now) => Op::Nop,
                _ => Op::Put(TagSlot::Id(fresh)),
            });
        held.into_entry().and_then(|held| held.into_value().id()).unwrap_or(fresh)
    }

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

    fn invalidate_key(&self, key: &StoredKey, region: Option<RegionId>, grace: Duration) -> u64 {
        let held = self.transition(key, |slot, now| {
            if region.is_some_and(|region| slot.region() != Some(region)) {
                return (slot, false);
            }
            slot.invalidate(now, grace)
        });
        self.watchers.notify(key.as_str(), Signal::Changed);
        u64::from(held)
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn read(&self, key: &StoredKey, tags: &[StoredKey]) -> Result<Read> {
        // The entry first: ids read later can only be newer, and a newer id makes a miss.
        let entry = self.entry(key);
        Ok(Read { entry, tag_ids: self.live_ids(tags) })
    }

    async fn read_many(
        &self,
        keys: &[StoredKey],
        tags: &[StoredKey],
    ) -> Result<(Vec<Option<Entry>>, Vec<Option<Token>>)> {
        let entries = keys.iter().map(|key| self.entry(key)).collect();
        Ok((entries, self.live_ids(tags)))
    }

    async fn tag_ids(&self, tags: &[StoredKey]) -> Result<Vec<Token>> {
        Ok(tags.iter().map(|tag| self.tag_id(tag, now_ms())).collect())
    }

    /// Ids have no end of their own here; the bound on their number takes those that are least used.
    async fn extend_tags(&self, _tags: &[StoredKey], _lifetime: Duration) -> Result<()> {
        Ok(())
    }

    /// Nothing outlives the process, so there is one run.
    async fn run(&self) -> Result<RunId> {
        Ok(RunId([0; 4]))
    }

    async fn lease(&self, request: LeaseRequest<'_>) -> Result<Lease> {
        let answer = self.transition(request.key, |slot, now| {
            let (slot, lease) = slot.lease(now, &request);
            (slot, Some(lease))
        });
        answer.ok_or_else(|| Error::new(ErrorKind::Backend, "the store did not run the lease"))
    }

    async fn take_lease(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<Option<Token>> {
        Ok(self.transition(key, |slot, now| slot.take_lease(now, region, token, ttl)))
    }

    async fn fill(&self, key: &StoredKey, token: Token, draft: &Draft, tags: &[StoredKey]) -> Result<Filled> {
        let stored = self.transition(key, |slot, now| slot.fill(now, token, draft));
        self.watchers.notify(key.as_str(), Signal::Changed);
        Ok(Filled { stored, tag_ids: self.live_ids(tags) })
    }

    async fn release(&self, key: &StoredKey, token: Token) -> Result<bool> {
        let released = self.transition(key, |slot, now| slot.release(now, token));
        if released {
            self.watchers.notify(key.as_str(), Signal::Failed);
        }
        Ok(released)
    }

    async fn invalidate(&self, keys: &[StoredKey], tags: &[StoredKey], grace: Duration) -> Result<u64> {
        self.change_tags(tags, |tag, now| tag.evict(now, grace));
        Ok(keys.iter().map(|key| self.invalidate_key(key, None, grace)).sum())
    }

    async fn rotate_tag(&self, tag: &StoredKey, fresh: Token) -> Result<Option<Token>> {
        let mut replaced = None;
        self.tags.entry_by_ref(tag).and_compute_with(|found| {
            replaced = found.and_then(|found| found.into_value().id());
            if replaced.is_some() { Op::Put(TagSlot::Id(fresh)) } else { Op::Nop }
        });
        Ok(replaced)
    }

    async fn invalidate_matching(&self, selection: Selection<'_>) -> Result<u64> {
        let glob = selection.glob.as_bytes();
        let matching = self.slots.iter().filter(|(key, _)| glob_matches(glob, key.as_str().as_bytes()));
        Ok(matching.map(|(key, _)| self.invalidate_key(&key, selection.region, selection.grace)).sum())
    }

    async fn begin_write(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<()> {
        self.transition(key, |slot, now| (slot.begin_write(now, region, token, ttl), ()));
        self.watchers.notify(key.as_str(), Signal::Changed);
        Ok(())
    }

    async fn end_write(&self, key: &StoredKey, token: Token, end: WriteEnd<'_>) -> Result<bool> {
        let stored = self.transition(key, |slot, now| slot.end_write(now, token, &end));
        self.watchers.notify(key.as_str(), Signal::Changed);
        Ok(stored)
    }

    async fn close_tags(&self, tags: &[StoredKey], token: Token, ttl: Duration) -> Result<()> {
        self.change_tags(tags, |tag, now| tag.close(now, token, ttl));
        Ok(())
    }

    async fn open_tags(&self, tags: &[StoredKey], token: Token, grace: Duration) -> Result<()> {
        self.change_tags(tags, |tag, now| tag.open(now, token, grace));
        Ok(())
    }

    async fn watch(&self, key: &StoredKey) -> Result<Watch> {
        Ok(self.watchers.watch(key.as_str()))
    }

    async fn publish(&self, channel: &StoredKey, message: Bytes) -> Result<()> {
        self.subscribers.deliver(channel.as_str(), Delivery::Message(message));
        Ok(())
    }

    async fn subscribe(&self, channel: &StoredKey) -> Result<Subscription> {
        Ok(self.subscribers.subscribe(channel.as_str()))
    }

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

    async fn ttl(&self, key: &StoredKey) -> Result<Option<Duration>> {
        let now = now_ms();
        Ok(self.slots.get(key).and_then(|slot| match slot.at(now) {
            Slot::Filled { expires, .. } => Some(Duration::from_millis(expires - now)),
            _ => None,
        }))
    }

    async fn inspect(&self, key: &StoredKey) -> Result<Inspection> {
        Ok(self.slots.get(key).unwrap_or_default().inspect(now_ms()))
    }

    async fn expire(&self, key: &StoredKey, ttl: Duration) -> Result<bool> {
        Ok(self.transition(key, |slot, now| slot.expire(now, ttl)))
    }

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

    async fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>> {
        self.rates.admit(requests, mode)
    }

    async fn scan(&self, glob: &str, cursor: Option<ScanCursor>, page_size: usize) -> Result<ScanPage> {
        let after = cursor.map(|cursor| cursor.0);
        let is_next = |key: &StoredKey| after.as_deref().is_none_or(|after| key.as_str() > after);
        let slots = self.slots.iter().map(|(key, _)| (*key).clone());
        let names = slots.chain(self.counters.iter().map(|(key, _)| (*key).clone()));
        let mut keys: Vec<_> = names
            .filter(|key| is_next(key) && glob_matches(glob.as_bytes(), key.as_str().as_bytes()))
            .collect();
        keys.sort_unstable();
        let more = keys.len() > page_size;
        keys.truncate(page_size);
        let next = keys.last().filter(|_| more).map(|key| ScanCursor(key.as_str().to_owned()));
        Ok(ScanPage { keys, next })
    }

    async fn delete_raw(&self, names: &[StoredKey]) -> Result<()> {
        for name in names {
            self.slots.invalidate(name);
            self.tags.invalidate(name);
            self.counters.invalidate(name);
            self.locks.invalidate(name);
            self.rates.forget(name);
        }
        Ok(())
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn info(&self) -> Result<BackendInfo> {
        self.slots.run_pending_tasks();
        Ok(BackendInfo {
            backend: self.name().to_owned(),
            used_memory: Some(self.slots.weighted_size()),
            max_memory: self.slots.policy().max_capacity(),
            keys: Some(self.slots.entry_count()),
            ..BackendInfo::default()
        })
    }
}

fn weigh(key: &StoredKey, slot: &Slot) -> u32 {
    let payload = slot.entry().map_or(0, |entry| entry.payload.len());
    u32::try_from(key.as_str().len() + payload + SLOT_OVERHEAD_BYTES).unwrap_or(u32::MAX)
}

/// Lets moka drop a slot when it has ended by itself.
struct UntilVacant;

impl UntilVacant {
    fn remaining(slot: &Slot) -> Duration {
        Duration::from_millis(slot.expires().saturating_sub(now_ms()))
    }
}

impl Expiry<StoredKey, Slot> for UntilVacant {
    fn expire_after_create(&self, _key: &StoredKey, slot: &Slot, _now: Instant) -> Option<Duration> {
        Some(Self::remaining(slot))
    }

    fn expire_after_update(
        &self,
        _key: &StoredKey,
        slot: &Slot,
        _now: Instant,
        _remaining: Option<Duration>,
    ) -> Option<Duration> {
        Some(Self::remaining(slot))
    }
}
