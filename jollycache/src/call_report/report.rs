//! `CallReport`: the operation, outcome and times of one call.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::region::Region;

/// The operation of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A read, with a load on a miss.
    Read,
    /// A write of the source, whose value is then stored.
    Put,
    /// An invalidation.
    Evict,
}

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Read: a fresh value was served.
    Hit,
    /// Read: a value past its `ttl` was served, inside its stale window.
    Stale,
    /// Read: a value was served that another caller, in this process or another one, was loading.
    Waited,
    /// Read: there was no usable value, and one was loaded. [`CallReport::is_stored`] is whether it was stored.
    Miss,
    /// Read: the load failed, and its failure was returned.
    LoadFailed,
    /// Read: the cache was not used, on the caller's request or because of a write in progress or an undelivered
    /// invalidation.
    Bypass,
    /// Put: the value was stored.
    Stored,
    /// Read or put: the value was not stored, because of an invalidation or another writer in between.
    Refused,
    /// Evict, and a put without a value to store: the targets of the call were evicted.
    Evicted,
    /// Evict, and a put without a value to store: the call has no target. All its targets depend on `ret`, and the
    /// function returned none.
    Skipped,
    /// Evict or put: the backend was unreachable or refused, so the invalidation is queued. The source is written. Until
    /// the delivery this process bypasses the queued targets, and other processes may serve the old value. With the default
    /// `on_error` of an attribute, the call still returns the result of its function.
    Queued,
    /// Read, a put by hand, and a write without a target: the backend failed. Calls continue without it by default.
    Error,
}

impl Outcome {
    /// The outcome of a call that evicts and stores no value. `names_any`: whether it has a target.
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

/// The report of one call: its region, operation, outcome and times.
///
/// ```
/// use jollycache::{Cache, MemoryBackend, Operation, Outcome, collect};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// let (_, calls) = collect(cache.evict("product:42")).await;
/// let report = &calls.reports()[0];
/// assert_eq!((report.region(), report.operation()), ("default", Operation::Evict));
/// assert_eq!((report.outcome(), report.is_stored()), (Outcome::Evicted, false));
/// println!("{:?} in the cache, {:?} in loads", report.cache_time(), report.load_time());
/// # Ok(())
/// # }
/// ```
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
    /// The region of the call; `default` for calls by hand without one.
    pub fn region(&self) -> &str {
        &self.region.name
    }

    /// The operation of the call.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The outcome of the call.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether the call stored a value.
    pub fn is_stored(&self) -> bool {
        self.stored
    }

    /// The time since the `ttl` of the value of a stale read; zero for all other calls.
    pub fn stale_for(&self) -> Duration {
        self.stale_for
    }

    /// The time in the function itself: in its load, or in its write of the source.
    pub fn load_time(&self) -> Duration {
        self.load.map_or(Duration::ZERO, length)
    }

    /// The time in the cache: all but [`CallReport::load_time`], including waits for loads of other callers.
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
