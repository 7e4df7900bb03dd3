//! Storing a value whatever is there, in two steps: the lease is taken, and the value filled under it.
//!
//! In one step it would not be fenced: a command that its caller gave up may reach the store at any later time, after
//! evictions that were acknowledged meanwhile. Delivered late, the first step is not followed by a fill, and the second finds no lease.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join;

use crate::clock;
use crate::engine::Engine;
use crate::engine::draft::NewValue;
use crate::engine::invalidate::Eviction;
use crate::entry::{Draft, TagStamp, Token};
use crate::error::Result;
use crate::key::{StoredKey, Tag};
use crate::policy::Resolved;
use crate::region::Region;
use crate::tracker::Count;

/// How long the lease lives, unless the timeout of an operation is long: the steps follow one another at once.
const MIN_LEASE: Duration = Duration::from_secs(2);

/// A value on its way. Dropped without an answer to its fill, it evicts the key: of the values of this and of those
/// whose lease it took over, any or none may be stored.
#[derive(Debug)]
pub(crate) struct Overwrite {
    engine: Arc<Engine>,
    region: Arc<Region>,
    key: StoredKey,
    policy: Resolved,
    /// What to fill with; `None` while a writer is at work.
    token: Option<Token>,
    began: Instant,
    /// From when the lease may be taken until everything is answered. Queued when dropped.
    undo: Option<Eviction>,
}

impl Overwrite {
    /// A value for `key`. The policy's timeout bounds each of the two steps.
    pub(crate) fn new(engine: &Arc<Engine>, region: &Arc<Region>, key: StoredKey, policy: &Resolved) -> Self {
        Overwrite {
            engine: engine.clone(),
            region: region.clone(),
            key,
            policy: *policy,
            token: None,
            began: clock::now(),
            undo: None,
        }
    }

    /// Stores `value` with `tags`, unless something happens to the key in between. Returns whether it was stored.
    pub(crate) async fn put(self, value: NewValue, tags: &[Tag]) -> Result<bool> {
        let (region, policy) = (self.region.clone(), self.policy);
        let tag_keys: Vec<_> = tags.iter().map(|tag| self.engine.namespace().tag(tag)).collect();
        let engine = self.engine.clone();
        let ids = engine.store.call(&region, policy.timeout)?.tag_ids(&tag_keys);
        let (begun, ids) = try_join(self.begin(), ids).await?;
        let stamps = tags.iter().zip(ids).map(|(tag, id)| TagStamp { name: tag.as_str().into(), id });
        let stored = begun.fill(&value.into_draft(&region, &policy, stamps.collect()), &tag_keys).await?;
        region.tracker.count(if stored { Count::Put } else { Count::RefusedPut });
        Ok(stored)
    }

    /// Takes the lease.
    async fn begin(mut self) -> Result<Self> {
        let call = self.engine.store.call(&self.region, self.policy.timeout)?;
        // Not before: while the breaker is open nothing is sent, so nothing has to be undone.
        self.undo = Some(Eviction::of_key(&self.engine, &self.region, &self.policy, self.key.clone()));
        self.began = clock::now();
        self.token = call.take_lease(&self.key, self.region.id, Token::random(), self.lease()).await?;
        if self.token.is_none() {
            self.settle();
        }
        Ok(self)
    }

    /// Stores the value, if the key was not evicted or announced by a writer since, and extends the ids of its tags,
    /// whose names `tag_keys` are. Returns whether it was stored.
    async fn fill(mut self, draft: &Draft, tag_keys: &[StoredKey]) -> Result<bool> {
        let Some(token) = self.token else { return Ok(false) };
        let call = self.engine.store.call(&self.region, self.policy.timeout)?;
        let filled = call.fill(&self.key, token, draft, tag_keys).await?;
        if filled.stored || !self.may_have_outlived_lease() {
            self.settle();
        } else if let Some(undo) = self.undo.take() {
            // Nothing need have come in between, so what is there may be what this value was to replace.
            undo.run_unreported().await?;
        }
        Ok(filled.stored)
    }

    fn lease(&self) -> Duration {
        MIN_LEASE.max(self.policy.timeout.saturating_mul(2))
    }

    /// Whether the lease may have ended by itself: this process was paused between the steps, for example.
    fn may_have_outlived_lease(&self) -> bool {
        clock::now().saturating_duration_since(self.began) >= self.lease()
    }

    /// There is nothing to undo.
    fn settle(&mut self) {
        if let Some(undo) = self.undo.take() {
            undo.cancel();
        }
    }
}
