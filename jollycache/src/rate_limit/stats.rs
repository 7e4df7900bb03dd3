//! `LimitStats`: the decisions of a limiter, counted by limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The decisions of one limit since the limiter was built. [`peek`](super::RateLimiter::peek) is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitStats {
    /// The limit's name.
    pub name: Arc<str>,
    /// Requests that were allowed.
    pub allowed: u64,
    /// Requests that this limit refused.
    pub limited: u64,
    /// Requests, allowed or refused, that this process decided alone because the backend failed.
    pub degraded: u64,
}

/// The counters of one limit.
#[derive(Debug, Default)]
pub(super) struct Counts {
    allowed: AtomicU64,
    limited: AtomicU64,
    degraded: AtomicU64,
}

impl Counts {
    /// Counts a request. `is_allowed` is the decision of all limits, `has_room` that of this one: a limit with room does
    /// not count a request that another limit refused.
    pub(super) fn record(&self, is_allowed: bool, has_room: bool, is_degraded: bool) {
        if is_allowed {
            self.allowed.fetch_add(1, Ordering::Relaxed);
        } else if !has_room {
            self.limited.fetch_add(1, Ordering::Relaxed);
        }
        if is_degraded {
            self.degraded.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn stats(&self, name: Arc<str>) -> LimitStats {
        LimitStats {
            name,
            allowed: self.allowed.load(Ordering::Relaxed),
            limited: self.limited.load(Ordering::Relaxed),
            degraded: self.degraded.load(Ordering::Relaxed),
        }
    }
}
