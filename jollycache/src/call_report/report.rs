//! `CallReport`: what one call did.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::region::Region;

/// What a call was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A read, with a load where nothing was cached.
    Read,
    /// A write of the source, whose value was to be stored.
    Put,
    /// An invalidation.
    Evict,
}

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Read: a fresh value was there.
    Hit,
    /// Read: a value past its `ttl` was served, inside its stale window.
    Stale,
    /// Read: a value that another caller was just loading, in this process or another one.
    Waited,
    /// Read: nothing usable was there. [`CallReport::is_stored`] tells whether what was loaded is now.
    Miss,
    /// Read: the load failed, and its failure was returned.
    LoadFailed,
    /// Read: the cache was not to be used, because the caller asked for that, a writer was at work, or an invalidation
    /// was not delivered yet.
    Bypass,
    /// Put: the value is stored.
    Stored,
    /// Read or put: the value is not stored, because an invalidation or another writer came in between.
    Refused,
    /// Evict, and a put that had nothing to store: what the call names is evicted.
    Evicted,
    /// Evict, and a put that had nothing to store: the call names no key, tag or pattern, so nothing is evicted. All it
    /// would name is made from `ret`, and the function returned none.
    Skipped,
    /// Evict or put: the backend could not be reached or refused, so the invalidation is queued. The source is written,
    /// this process bypasses what is queued until it is delivered, and other processes may serve the old value until then.
    /// With the default `on_error` of an attribute the call returns what its function returned all the same.
    Queued,
    /// Read, a put by hand, and a write that names nothing to evict: the backend failed. Calls go on without it unless they say otherwise.
    Error,
}

impl Outcome {
    /// Of a call that evicts and stores nothing. `names_any`: whether it names anything to evict.
    pub(crate) fn of_eviction(names_any: bool, is_delivered: bool) -> Self {
        match (names_any, is_delivered) {
            (true, true) => Outcome::Evicted,
            (true, false) => Outcome::Queued,
            (false, true) => Outcome::Skipped,
            (false, false) => Outcome::Error,
        }
    }
}

/// A time from one moment to another.
pub(super) type Span = (Instant, Instant);

/// What one call did with the cache.
#[derive(Clone)]
pub struct CallReport {
    pub(super) region: Arc<Region>,
    pub(super) operation: Operation,
    pub(super) outcome: Outcome,
    pub(super) stored: bool,
    pub(super) stale_for: Duration,
    pub(super) call: Span,
    pub(super) load: Option<Span>,
}

impl CallReport {
    /// The region of the call, `default` for calls by hand that name none.
    pub fn region(&self) -> &str {
        &self.region.name
    }

    /// What it was to do.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// What it came to.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether a value was stored by it.
    pub fn is_stored(&self) -> bool {
        self.stored
    }

    /// How far past its `ttl` the value of a stale read was; zero for all others.
    pub fn stale_for(&self) -> Duration {
        self.stale_for
    }

    /// The time spent in the function itself: in its load, or in its write of the source.
    pub fn load_time(&self) -> Duration {
        self.load.map_or(Duration::ZERO, length)
    }

    /// The time spent with the cache: all but [`CallReport::load_time`], waits for the loads of others included.
    pub fn cache_time(&self) -> Duration {
        length(self.call).saturating_sub(self.load_time())
    }
}

impl fmt::Debug for CallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallReport")
            .field("region", &self.region())
            .field("operation", &self.operation)
            .field("outcome", &self.outcome)
            .field("stored", &self.stored)
            .field("stale_for", &self.stale_for)
            .field("cache_time", &self.cache_time())
            .field("load_time", &self.load_time())
            .finish_non_exhaustive()
    }
}

pub(super) fn length((start, end): Span) -> Duration {
    end.saturating_duration_since(start)
}
