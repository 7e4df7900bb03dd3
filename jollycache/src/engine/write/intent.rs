//! Write intents: a write announces its keys and tags before the source is written, and ends after. Meanwhile nothing
//! is stored under them, so that neither a crash nor another writer can leave an old value.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::{try_join, try_join_all, try_join3};

use crate::backend::WriteEnd;
use crate::clock;
use crate::engine::Engine;
use crate::engine::draft::NewValue;
use crate::engine::invalidate::{Target, queue, writes_tag};
use crate::engine::retry_queue::Pending;
use crate::engine::worker::Job;
use crate::engine::write_scope::WriteScope;
use crate::entry::{Draft, RunId, TagStamp, Token};
use crate::error::Result;
use crate::key::{Key, StoredKey, Tag};
use crate::policy::Resolved;
use crate::protocol::OwnWrites;
use crate::region::Region;
use crate::store::Call;
use crate::tracker::Count;

/// What a write announces.
#[derive(Debug, Default)]
pub(crate) struct WriteIntent<'a> {
    /// The keys that it changes.
    pub(crate) keys: &'a [Key],
    /// The tags that it invalidates.
    pub(crate) tags: &'a [Tag],
    /// The tags that the value it is to store will carry, as far as they are known; `None` where nothing is known of it.
    pub(crate) value_tags: Option<&'a [Tag]>,
    /// Whether the value's key, or tags of it, will be known only when the source is written.
    pub(crate) late: bool,
}

/// A value, and where it goes.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) key: Key,
    /// The tags of the value, those that were announced among them.
    pub(crate) tags: Vec<Tag>,
    pub(crate) value: NewValue,
}

/// A write between its begin and its end. Dropped without an end, it evicts what it announced, because the
/// source may have been written.
#[derive(Debug)]
pub(crate) struct Write {
    engine: Arc<Engine>,
    region: Arc<Region>,
    policy: Resolved,
    token: Token,
    began: std::time::Instant,
    keys: Vec<StoredKey>,
    tags: Vec<StoredKey>,
    value_stamps: Vec<TagStamp>,
    /// What the body did to the tag of all writes, whose id was read when this write was announced.
    scope: Option<Arc<WriteScope>>,
    /// The run of the store at that time.
    store_run: Option<RunId>,
    /// The announcement failed: nothing is stored, everything is evicted.
    broken: bool,
    ended: bool,
}

impl Write {
    /// Announces a write. After an error the write may go on: it stores nothing then, and evicts everything it announced.
    pub(crate) async fn begin(
        engine: &Arc<Engine>,
        region: &Arc<Region>,
        policy: Resolved,
        intent: WriteIntent<'_>,
    ) -> (Self, Result<()>) {
        engine.ensure_worker();
        let mut write = Write {
            engine: engine.clone(),
            region: region.clone(),
            policy,
            token: Token::random(),
            began: clock::now(),
            keys: distinct(intent.keys.iter().map(|key| engine.namespace().key(key))),
            tags: distinct(intent.tags.iter().map(|tag| engine.namespace().tag(tag))),
            value_stamps: Vec::new(),
            scope: None,
            store_run: None,
            broken: false,
            ended: false,
        };
        let begun = write.announce_all(&intent).await;
        write.broken = begun.is_err();
        (write, begun)
    }

    /// Whether a key or a tag was announced.
    pub(crate) fn names_any(&self) -> bool {
        !self.keys.is_empty() || !self.tags.is_empty()
    }

    /// Runs the body of this write: what it evicts and puts is not taken for another writer's.
    pub(crate) async fn run<F: Future>(&self, body: F) -> F::Output {
        match self.scope.clone() {
            Some(scope) => scope.run(body).await,
            None => body.await,
        }
    }

    /// Ends the write after the source was written: stores the value, if no other writer came in between, and evicts
    /// everything else that was announced, with `more`. Returns whether the value was stored.
    pub(crate) async fn commit(mut self, put: Option<Put>, more: Vec<Target>) -> Result<bool> {
        // By this process's clock: what the backend found is not in its answer.
        if clock::now().saturating_duration_since(self.began) > self.policy.intent {
            self.region.tracker.count(Count::ExpiredIntent);
        }
        let committed = self.try_commit(put, more).await;
        match committed {
            Ok(stored) => {
                self.ended = true;
                if self.engine.publishes_events() {
                    self.engine.publish(Some(&self.region), &self.announced());
                }
                if let Some(stored) = stored {
                    self.region.tracker.count(if stored { Count::Put } else { Count::RefusedPut });
                }
                Ok(stored == Some(true))
            }
            // Any part of it may have happened, so `drop` queues everything.
            Err(error) => Err(error),
        }
    }

    /// All at once: nothing of it depends on the other, and all of it is done before the source is written.
    async fn announce_all(&mut self, intent: &WriteIntent<'_>) -> Result<()> {
        let close = async {
            if self.tags.is_empty() {
                return Ok(());
            }
            self.call()?.close_tags(&self.tags, self.token, self.policy.intent).await
        };
        let announce = try_join_all(self.keys.iter().map(|key| self.announce(key)));
        let snapshot = async {
            let tags = intent.value_tags.unwrap_or_default();
            if tags.is_empty() && !intent.late {
                return Ok((Vec::new(), None));
            }
            // Before the ids, and again after them when they are compared: a restart may bring an old id back.
            let run = self.store_run().await?;
            let (stamps, writes) = self.snapshot(tags).await?;
            Ok((stamps, writes.map(|id| (run, id))))
        };
        let ((), _, (stamps, writes)) = try_join3(close, announce, snapshot).await?;
        (self.value_stamps, self.scope) = (stamps, writes.map(|(_, id)| WriteScope::since(id)));
        self.store_run = writes.map(|(run, _)| run);
        Ok(())
    }

    async fn announce(&self, key: &StoredKey) -> Result<()> {
        self.call()?.begin_write(key, self.region.id, self.token, self.policy.intent).await
    }

    /// The ids of `tags`, and of the tag of all writes, which is read last: unchanged later, it vouches for the
    /// others.
    async fn snapshot(&self, tags: &[Tag]) -> Result<(Vec<TagStamp>, Option<Token>)> {
        let namespace = self.engine.namespace();
        let mut names: Vec<_> = tags.iter().map(|tag| namespace.tag(tag)).collect();
        names.push(writes_tag(namespace));
        let ids = self.call()?.tag_ids(&names).await?;
        let stamps = tags.iter().zip(&ids).map(|(tag, id)| TagStamp { name: tag.as_str().into(), id: *id });
        Ok((stamps.collect(), ids.last().copied()))
    }

    async fn store_run(&self) -> Result<RunId> {
        self.call()?.store_run().await
    }

    /// `None` if there was nothing to store.
    async fn try_commit(&mut self, put: Option<Put>, mut more: Vec<Target>) -> Result<Option<bool>> {
        let started = clock::now();
        let put = match put {
            Some(put) if self.broken => {
                more.push(Target::Key(put.key));
                None
            }
            Some(put) => Some(self.prepare(put).await?),
            None => None,
        };
        // Before the keys are let go: a put that began in between must see that this one wrote.
        let mut eviction = self.engine.eviction(&self.region, &self.policy);
        eviction.extend(more);
        eviction.run_unreported().await?;
        let (write, put) = (&*self, &put);
        let ends = write.keys.iter().map(|key| async move {
            match put {
                Some((put_key, Some(draft))) if put_key == key => write.put(key, draft).await,
                _ => write.end(key, write.evicting()).await,
            }
        });
        let (ends, ()) = try_join(try_join_all(ends), write.open_tags()).await?;
        let stored = put.as_ref().map(|_| ends.contains(&true));
        self.region.tracker.add(Count::EvictedKey, (self.keys.len() - usize::from(stored.is_some())) as u64);
        self.region.tracker.add(Count::EvictedTag, self.tags.len() as u64);
        tracing::debug!(
            target: "jollycache",
            region = %self.region.name,
            keys = ?self.keys,
            tags = ?self.tags,
            stored,
            duration_us = clock::micros_since(started),
            "cache write"
        );
        Ok(stored)
    }

    async fn open_tags(&self) -> Result<()> {
        if self.tags.is_empty() {
            return Ok(());
        }
        self.call()?.open_tags(&self.tags, self.token, self.policy.grace).await
    }

    /// Makes a draft, or `None` where another writer may have come between the source and this point.
    async fn prepare(&mut self, put: Put) -> Result<(StoredKey, Option<Draft>)> {
        let key = self.engine.namespace().key(&put.key);
        let announced = self.keys.contains(&key);
        if !announced {
            self.keys.push(key.clone());
            self.announce(&key).await?;
        }
        // A tag that this write keeps closed has no id yet. To give it one before the key is let go would hide what
        // others invalidated meanwhile, so a value that carries it is not stored.
        let closed_here = |tag: &Tag| self.tags.contains(&self.engine.namespace().tag(tag));
        if put.tags.iter().any(closed_here) {
            return Ok((key, None));
        }
        let stamps = self.stamps(!announced, &put.tags).await?;
        Ok((key, stamps.map(|stamps| put.value.into_draft(&self.region, &self.policy, stamps))))
    }

    /// The tags of the value with their ids. `None` if some of them, or its key, were not known before the write, and
    /// another writer may have come in between.
    async fn stamps(&mut self, late_key: bool, tags: &[Tag]) -> Result<Option<Vec<TagStamp>>> {
        let early = std::mem::take(&mut self.value_stamps);
        let own = self.scope.as_ref().map(|scope| scope.own_writes());
        let is_early = |tag: &Tag| early.iter().any(|stamp| *stamp.name == *tag.as_str());
        let late = late_key || !tags.iter().all(is_early);
        if !late && own.as_ref().is_none_or(OwnWrites::is_empty) {
            return Ok(Some(early));
        }
        // The body may have evicted a tag that was known before it. What it returned is newer than that eviction, so the
        // tag's new id is the value's.
        let (now, writes) = self.snapshot(tags).await?;
        let same_run = self.store_run == Some(self.store_run().await?);
        let undisturbed = same_run && writes.zip(own).is_some_and(|(writes, own)| own.explains(writes));
        Ok(if undisturbed { Some(now) } else { (!late).then_some(early) })
    }

    async fn put(&self, key: &StoredKey, draft: &Draft) -> Result<bool> {
        let extend = self.engine.lifetimes(&self.region, self.policy.timeout).extend_tags(draft);
        let (stored, ()) = try_join(self.end(key, WriteEnd::Put(draft)), extend).await?;
        Ok(stored)
    }

    async fn end(&self, key: &StoredKey, end: WriteEnd<'_>) -> Result<bool> {
        self.call()?.end_write(key, self.token, end).await
    }

    /// One operation of this write.
    fn call(&self) -> Result<Call<'_>> {
        self.engine.store.call(&self.region, self.policy.timeout)
    }

    /// The keys and tags that this write evicts, whatever it puts.
    fn announced(&self) -> Vec<Pending> {
        let tags = self.tags.iter().cloned().map(Pending::Tag);
        tags.chain(self.keys.iter().cloned().map(Pending::Key)).collect()
    }

    fn evicting(&self) -> WriteEnd<'static> {
        WriteEnd::Evict { grace: self.policy.grace }
    }
}

/// A name that was given twice is announced, and ended, once.
fn distinct(names: impl Iterator<Item = StoredKey>) -> Vec<StoredKey> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

impl Drop for Write {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let (pending, token, grace) = (self.announced(), self.token, self.policy.grace);
        let tags = std::mem::take(&mut self.tags);
        for key in self.keys.drain(..) {
            self.engine.worker.push(Job::EndWrite { key, token, grace });
        }
        if !tags.is_empty() {
            self.engine.worker.push(Job::OpenTags { tags, token, grace });
        }
        if !pending.is_empty() {
            queue(&self.engine, &self.region, pending, grace);
        }
    }
}
