//! Storing a value whatever is there, in two steps: the lease is taken, and the value filled under it.
//!
//! In one step it would not be fenced: a command that its caller gave up may reach the store at any later time, after
//! evictions that were acknowledged meanwhile. Late, the first step finds nobody who fills, and the second no lease.

use std::sync::Arc;
use std::time::Duration;

use super::worker::Job;
use super::{Engine, Region};
use crate::entry::{Draft, Token};
use crate::error::Result;
use crate::key::StoredKey;
use crate::policy::Resolved;

/// How long the lease lives, unless the timeout of an operation is long: the steps follow one another at once.
const MIN_LEASE: Duration = Duration::from_secs(2);

/// A value on its way. Dropped without an answer to its fill, it evicts the key: of the values of this and of those
/// whose lease it took over, any or none may be stored.
#[derive(Debug)]
pub(crate) struct Overwrite {
    engine: Arc<Engine>,
    region: Arc<Region>,
    key: StoredKey,
    timeout: Duration,
    grace: Duration,
    token: Token,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was sent, or everything is answered.
    Settled,
    /// The lease may be taken.
    UnderWay,
    /// A writer is at work.
    Refused,
}

impl Overwrite {
    /// A value for `key`. The policy's timeout bounds each of the two steps.
    pub(crate) fn new(engine: &Arc<Engine>, region: &Arc<Region>, key: StoredKey, policy: &Resolved) -> Self {
        Overwrite {
            engine: engine.clone(),
            region: region.clone(),
            key,
            timeout: policy.timeout,
            grace: policy.grace,
            token: Token::random(),
            state: State::Settled,
        }
    }

    /// Takes the lease.
    pub(crate) async fn begin(mut self) -> Result<Self> {
        let lease = MIN_LEASE.max(self.timeout.saturating_mul(2));
        let take = self.engine.backend.take_lease(&self.key, self.region.id, self.token, lease);
        // While the breaker is open nothing is sent, so nothing has to be undone.
        if self.engine.is_connected() {
            self.state = State::UnderWay;
        }
        match self.engine.guarded(&self.region, self.timeout, take).await? {
            Some(token) => self.token = token,
            None => self.state = State::Refused,
        }
        Ok(self)
    }

    /// Stores the value, if the key was not evicted or announced by a writer since. Returns whether it was stored.
    pub(crate) async fn fill(mut self, draft: &Draft) -> Result<bool> {
        if self.state == State::Refused {
            return Ok(false);
        }
        let fill = self.engine.backend.fill(&self.key, self.token, draft, &[]);
        let filled = self.engine.guarded(&self.region, self.timeout, fill).await?;
        self.state = State::Settled;
        Ok(filled.stored)
    }
}

impl Drop for Overwrite {
    fn drop(&mut self) {
        if self.state == State::UnderWay {
            // The end of a write that has no intent is an eviction.
            let (key, token, grace) = (self.key.clone(), self.token, self.grace);
            self.engine.worker.push(Job::EndWrite { key, token, grace });
        }
    }
}
