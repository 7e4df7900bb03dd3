//! Writing: invalidations, which are never lost silently, and puts, which never leave the older value.

use std::sync::Arc;
use std::time::Duration;

use super::repair::Pending;
use super::worker::{Job, SCAN_TIMEOUT};
use super::{Engine, Region};
use crate::backend::{Selection, WriteEnd};
use crate::clock;
use crate::entry::{Codec, Draft, RegionId, TagStamp, Token};
use crate::error::Result;
use crate::key::{Key, Pattern, StoredKey, Tag};
use crate::tracker::Count;

/// How long a write intent lives if its writer never ends it.
pub(crate) const INTENT_TTL: Duration = Duration::from_secs(10);

/// The tag that every invalidation and put of the namespace gives a new id. A put whose key was not known before
/// the write compares it: if it changed meanwhile, somebody else wrote, and the put only evicts.
const WRITES: &str = "#writes";

/// What falls.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Key(Key),
    Tag(Tag),
    Pattern(Pattern),
    /// Everything in the region.
    Region,
}

/// A set of targets that fall together.
#[derive(Debug)]
pub(crate) struct Eviction {
    engine: Arc<Engine>,
    region: Arc<Region>,
    timeout: Duration,
    pending: Vec<Pending>,
}

impl Engine {
    /// The stored name of the tag that stands for all writes.
    pub(super) fn writes_tag(&self) -> StoredKey {
        self.namespace.tag_name(WRITES)
    }

    pub(crate) fn eviction(self: &Arc<Self>, region: &Arc<Region>, timeout: Duration) -> Eviction {
        Eviction { engine: self.clone(), region: region.clone(), timeout, pending: Vec::new() }
    }

    fn queue(&self, region: &Region, pending: Vec<Pending>) {
        let fallen = self.repair.push(pending);
        if fallen > 0 {
            tracing::error!(
                region = %region.name,
                fallen,
                "the queue of undelivered invalidations is full: the oldest were dropped, and their entries may be \
                 served until they expire"
            );
        }
        self.worker.wake();
    }
}

impl Eviction {
    pub(crate) fn add(&mut self, target: Target) {
        let namespace = &self.engine.namespace;
        let tracker = &self.region.tracker;
        let pending = match target {
            Target::Key(key) => {
                tracker.count(Count::EvictedKey);
                Pending::Key(namespace.key(&key))
            }
            Target::Tag(tag) => {
                tracker.count(Count::EvictedTag);
                Pending::Tag(namespace.tag(&tag))
            }
            Target::Pattern(pattern) => {
                tracker.count(Count::EvictedPattern);
                Pending::Matching { glob: namespace.pattern(&pattern), region: None }
            }
            Target::Region => {
                tracker.count(Count::EvictedPattern);
                Pending::Matching { glob: namespace.pattern(&Pattern::all()), region: Some(self.region.id) }
            }
        };
        self.pending.push(pending);
    }

    /// Invalidates. Returns how many keys held a value.
    ///
    /// On an error everything is queued, is bypassed by this process until it is delivered, and the error is
    /// returned for those who want it. If the future is dropped midway, it is queued as well.
    pub(crate) async fn run(mut self) -> Result<u64> {
        let started = clock::now();
        let result = self.deliver().await;
        let duration_us = clock::micros_since(started);
        match &result {
            Ok(held) => {
                tracing::debug!(
                    target: "jollycache",
                    region = %self.region.name,
                    targets = ?self.pending,
                    held,
                    duration_us,
                    "cache evict"
                );
                self.pending.clear();
            }
            Err(error) => tracing::warn!(
                region = %self.region.name,
                count = self.pending.len(),
                error = error as &dyn std::error::Error,
                "an invalidation could not be delivered and is queued"
            ),
        }
        // What is still pending is queued by `drop`.
        result
    }

    /// Lets everything stand after all.
    #[allow(clippy::unnecessary_wraps, reason = "it stands where `run` may stand")]
    pub(crate) fn cancel(mut self) -> Result<()> {
        self.pending.clear();
        Ok(())
    }

    async fn deliver(&self) -> Result<u64> {
        let mut keys = Vec::new();
        let mut tags = vec![self.engine.writes_tag()];
        let mut scans = Vec::new();
        for pending in &self.pending {
            match pending {
                Pending::Key(key) => keys.push(key.clone()),
                Pending::Tag(tag) => tags.push(tag.clone()),
                Pending::Matching { glob, region } => scans.push((glob, *region)),
            }
        }
        let backend = &self.engine.backend;
        let mut held =
            self.engine.guarded(&self.region, self.timeout, backend.invalidate(&keys, &tags)).await?;
        for (glob, region) in scans {
            held += self.scan(glob, region).await?;
        }
        Ok(held)
    }

    async fn scan(&self, glob: &str, region: Option<RegionId>) -> Result<u64> {
        let scan = self.engine.backend.invalidate_matching(Selection { glob, region });
        self.engine.guarded(&self.region, SCAN_TIMEOUT.max(self.timeout), scan).await
    }
}

impl Drop for Eviction {
    fn drop(&mut self) {
        if !self.pending.is_empty() {
            self.engine.queue(&self.region, std::mem::take(&mut self.pending));
        }
    }
}

/// What a put stores.
#[derive(Debug)]
pub(crate) struct ToPut {
    pub(crate) none: bool,
    pub(crate) payload: bytes::Bytes,
    pub(crate) ttl: Duration,
    pub(crate) stale: Duration,
    pub(crate) fingerprint: crate::entry::Fingerprint,
    pub(crate) schema: u16,
}

/// A put under way: begun before the source is written, ended after. Dropped without an end, it evicts.
#[derive(Debug)]
pub(crate) struct PutTicket {
    engine: Arc<Engine>,
    region: Arc<Region>,
    timeout: Duration,
    token: Token,
    /// The keys with an intent installed; or to be installed, where the key is known only after the write.
    key: Option<StoredKey>,
    /// The tags known before the write, and the id of [`WRITES`] at that time.
    stamps: Vec<TagStamp>,
    writes: Option<Token>,
    /// The backend failed at the beginning: nothing is stored, the key is evicted.
    broken: bool,
}

impl Engine {
    /// Announces a put. `key` is the key where it is known before the write.
    pub(crate) async fn begin_put(
        self: &Arc<Self>,
        region: &Arc<Region>,
        timeout: Duration,
        key: Option<&Key>,
        tags: &[Tag],
    ) -> (PutTicket, Result<()>) {
        self.ensure_worker();
        let mut ticket = PutTicket {
            engine: self.clone(),
            region: region.clone(),
            timeout,
            token: Token::random(),
            key: key.map(|key| self.namespace.key(key)),
            stamps: Vec::new(),
            writes: None,
            broken: false,
        };
        let begun = ticket.begin(tags).await;
        ticket.broken = begun.is_err();
        (ticket, begun)
    }
}

impl PutTicket {
    async fn begin(&mut self, tags: &[Tag]) -> Result<()> {
        if let Some(key) = &self.key {
            self.announce(key).await?;
        }
        (self.stamps, self.writes) = self.snapshot(tags).await?;
        Ok(())
    }

    async fn announce(&self, key: &StoredKey) -> Result<()> {
        let begin = self.engine.backend.begin_write(key, self.region.id, self.token, INTENT_TTL);
        self.engine.guarded(&self.region, self.timeout, begin).await
    }

    /// The ids of `tags`, and of [`WRITES`], which is read last: unchanged later, it vouches for the others.
    async fn snapshot(&self, tags: &[Tag]) -> Result<(Vec<TagStamp>, Option<Token>)> {
        let namespace = &self.engine.namespace;
        let mut names: Vec<_> = tags.iter().map(|tag| namespace.tag(tag)).collect();
        names.push(self.engine.writes_tag());
        let read = self.engine.backend.tag_ids(&names);
        let ids = self.engine.guarded(&self.region, self.timeout, read).await?;
        let stamps =
            tags.iter().zip(&ids).map(|(tag, id)| TagStamp { name: tag.as_str().into(), id: *id }).collect();
        Ok((stamps, ids.last().copied()))
    }

    /// The source was written: stores the value, or, where somebody else may have written meanwhile, evicts.
    ///
    /// `key` and `tags` are those known only now.
    pub(crate) async fn commit(
        mut self,
        key: Option<&Key>,
        tags: &[Tag],
        value: Option<ToPut>,
    ) -> Result<bool> {
        if let Some(late) = key {
            self.key = Some(self.engine.namespace.key(late));
        }
        let stored = match value {
            Some(value) if !self.broken => self.try_commit(key.is_some(), tags, value).await,
            _ => return self.evict().await.map(|()| false),
        };
        match stored {
            Ok(stored) => {
                tracing::debug!(
                    target: "jollycache",
                    region = %self.region.name,
                    key = ?self.key,
                    outcome = if stored { "stored" } else { "refused" },
                    "cache put"
                );
                self.key = None;
                self.region.tracker.count(if stored { Count::Put } else { Count::RefusedPut });
                Ok(stored)
            }
            // Nobody knows what happened, so the key falls, now or from the queue.
            Err(_) => self.evict().await.map(|()| false),
        }
    }

    async fn try_commit(&mut self, key_is_late: bool, tags: &[Tag], value: ToPut) -> Result<bool> {
        let Some(key) = self.key.clone() else { return Ok(false) };
        let mut undisturbed = true;
        if key_is_late {
            self.announce(&key).await?;
        }
        if key_is_late || !tags.is_empty() {
            let (late, writes) = self.snapshot(tags).await?;
            undisturbed = writes == self.writes;
            self.stamps.extend(late);
        }
        // Before the key is let go: a put that began in between must see that this one wrote.
        let writes = [self.engine.writes_tag()];
        let tell = self.engine.backend.invalidate(&[], &writes);
        self.engine.guarded(&self.region, self.timeout, tell).await?;
        let draft = self.draft(value);
        let end = if undisturbed { WriteEnd::Put(&draft) } else { WriteEnd::Evict };
        let end = self.engine.backend.end_write(&key, self.token, end);
        self.engine.guarded(&self.region, self.timeout, end).await
    }

    fn draft(&mut self, value: ToPut) -> Draft {
        Draft {
            region: self.region.id,
            none: value.none,
            codec: Codec::Json,
            schema: value.schema,
            fingerprint: value.fingerprint,
            cost_us: 0,
            tags: std::mem::take(&mut self.stamps),
            ttl: value.ttl,
            stale: value.stale,
            payload: value.payload,
        }
    }

    /// The source was not written, or the value is not to be stored: the key falls.
    pub(crate) async fn evict(mut self) -> Result<()> {
        let Some(key) = self.key.take() else { return Ok(()) };
        let mut eviction = self.engine.eviction(&self.region, self.timeout);
        eviction.pending.push(Pending::Key(key.clone()));
        eviction.run().await?;
        let end = self.engine.backend.end_write(&key, self.token, WriteEnd::Evict);
        // The intent ends by itself if this does not reach the backend.
        let _ = self.engine.guarded(&self.region, self.timeout, end).await;
        Ok(())
    }
}

impl Drop for PutTicket {
    fn drop(&mut self) {
        // Cancelled or panicked between begin and end: nobody knows whether the source was written.
        if let Some(key) = self.key.take() {
            self.engine.queue(&self.region, vec![Pending::Key(key.clone())]);
            self.engine.worker.push(Job::EndWrite { key, token: self.token });
        }
    }
}
