//! `MemoryBackend`: the core of the contract.

use std::time::Duration;

use async_trait::async_trait;

use super::{MemoryBackend, RUN};
use crate::backend::capability::{Counters, Keyspace, Lifetimes, Locks, RateLimits, Rosters, Topics};
use crate::backend::notify::{Signal, Watch};
use crate::backend::{Backend, BackendInfo};
use crate::entry::{Draft, Entry, RegionId, RunId, Token};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{StoredKey, glob_matches};
use crate::protocol::{Filled, Lease, LeaseRequest, Read, Selection, WriteEnd};

#[async_trait]
impl Backend for MemoryBackend {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn read(&self, key: &StoredKey, tags: &[StoredKey]) -> Result<Read> {
        // The entry first: an id that is read later can only be newer, and a newer id makes a miss.
        let entry = self.entry(key);
        Ok(Read { entry, tag_ids: self.live_ids(tags) })
    }

    async fn read_many(
        &self,
        keys: &[StoredKey],
        tags: &[StoredKey],
    ) -> Result<(Vec<Option<Entry>>, Vec<Option<Token>>)> {
        // The entries first, as in `read`.
        let entries = keys.iter().map(|key| self.entry(key)).collect();
        Ok((entries, self.live_ids(tags)))
    }

    async fn tag_ids(&self, tags: &[StoredKey]) -> Result<Vec<Token>> {
        let id = |tag| {
            let fresh = Token::random();
            let id = self.change_tag(tag, |tag, now| {
                let (tag, id) = tag.ensure_id(now, fresh);
                (tag, Some(id))
            });
            id.unwrap_or(fresh)
        };
        Ok(tags.iter().map(id).collect())
    }

    /// Nothing outlives the process, so there is one run.
    async fn run(&self) -> Result<RunId> {
        Ok(RUN)
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
        Ok(Filled::new(stored, self.live_ids(tags)))
    }

    async fn release(&self, key: &StoredKey, token: Token) -> Result<bool> {
        let released = self.transition(key, |slot, now| slot.release(now, token));
        if released {
            self.watchers.notify(key.as_str(), Signal::Failed);
        }
        Ok(released)
    }

    async fn invalidate(&self, keys: &[StoredKey], tags: &[StoredKey], grace: Duration) -> Result<u64> {
        for tag in tags {
            self.change_tag(tag, |tag, now| (tag.evict(now, grace), ()));
        }
        Ok(keys.iter().map(|key| self.invalidate_key(key, None, grace)).sum())
    }

    async fn rotate_tag(&self, tag: &StoredKey, fresh: Token) -> Result<Option<Token>> {
        Ok(self.change_tag(tag, |tag, _| tag.rotate(fresh)))
    }

    /// In one pass, without an inspection of each key.
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
        for tag in tags {
            self.change_tag(tag, |tag, now| (tag.close(now, token, ttl), ()));
        }
        Ok(())
    }

    async fn open_tags(&self, tags: &[StoredKey], token: Token, grace: Duration) -> Result<()> {
        for tag in tags {
            self.change_tag(tag, |tag, now| (tag.open(now, token, grace), ()));
        }
        Ok(())
    }

    async fn watch(&self, key: &StoredKey) -> Result<Watch> {
        Ok(self.watchers.watch(key.as_str()))
    }

    async fn info(&self) -> Result<BackendInfo> {
        self.slots.run_pending_tasks();
        Ok(BackendInfo {
            used_memory: Some(self.slots.weighted_size()),
            max_memory: self.slots.policy().max_capacity(),
            keys: Some(self.slots.entry_count()),
            ..BackendInfo::new(self.name())
        })
    }

    fn locks(&self) -> Option<&dyn Locks> {
        Some(self)
    }

    fn counters(&self) -> Option<&dyn Counters> {
        Some(self)
    }

    fn rate_limits(&self) -> Option<&dyn RateLimits> {
        Some(self)
    }

    fn topics(&self) -> Option<&dyn Topics> {
        Some(self)
    }

    fn lifetimes(&self) -> Option<&dyn Lifetimes> {
        Some(self)
    }

    fn keyspace(&self) -> Option<&dyn Keyspace> {
        Some(self)
    }

    fn rosters(&self) -> Option<&dyn Rosters> {
        Some(self)
    }
}
