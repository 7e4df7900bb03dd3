//! What a limiter decided, counted by limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::decision::Decision;
use super::limit::Checked;

/// What was decided under one limit since the limiter was built. [`peek`](super::RateLimiter::peek) is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitStats {
    /// The limit's name.
    pub name: Arc<str>,
    /// Requests that were allowed.
    pub allowed: u64,
    /// Requests that this limit refused.
    pub limited: u64,
    /// Requests, of both kinds, that were decided in this process alone because the backend failed.
    pub degraded: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    allowed: AtomicU64,
    limited: AtomicU64,
    degraded: AtomicU64,
}

/// Counts a decision: the one place where it is done.
pub(super) fn count(limits: &[Checked], decision: &Decision) {
    for told in &decision.limits {
        let Some(limit) = limits.iter().find(|limit| limit.name == told.name) else { continue };
        let counts = &limit.counts;
        if decision.allowed {
            counts.allowed.fetch_add(1, Ordering::Relaxed);
        } else if !told.allowed {
            counts.limited.fetch_add(1, Ordering::Relaxed);
        }
        if decision.degraded {
            counts.degraded.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Checked {
    pub(super) fn stats(&self) -> LimitStats {
        LimitStats {
            name: self.name.clone(),
            allowed: self.counts.allowed.load(Ordering::Relaxed),
            limited: self.counts.limited.load(Ordering::Relaxed),
            degraded: self.counts.degraded.load(Ordering::Relaxed),
        }
    }
}
