//! Storing a value whatever is there, in two steps: the lease is taken, and the value filled under it.
//!
//! In one step it would not be fenced: a command that its caller gave up may reach the store at any later time, after
//! evictions that were acknowledged meanwhile. Delivered late, the first step is not followed by a fill, and the second finds no lease.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Engine;
use super::eviction::Eviction;
use crate::clock;
use crate::entry::{Draft, Token};
use crate::error::Result;
use crate::key::StoredKey;
use crate::policy::Resolved;
use crate::region::Region;

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

    /// Takes the lease.
    pub(crate) async fn begin(mut self) -> Result<Self> {
        let call = self.engine.store.call(&self.region, self.policy.timeout)?;
        // Not before: while the breaker is open nothing is sent, so nothing has to be undone.
        self.undo = Some(self.engine.eviction_of(&self.region, &self.policy, self.key.clone()));
        self.began = clock::now();
        self.token = call.take_lease(&self.key, self.region.id, Token::random(), self.lease()).await?;
        if self.token.is_none() {
            self.settle();
        }
        Ok(self)
    }

    /// Stores the value, if the key was not evicted or announced by a writer since. Returns whether it was stored.
    pub(crate) async fn fill(mut self, draft: &Draft) -> Result<bool> {
        let Some(token) = self.token else { return Ok(false) };
        let call = self.engine.store.call(&self.region, self.policy.timeout)?;
        let filled = call.fill(&self.key, token, draft, &[]).await?;
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
