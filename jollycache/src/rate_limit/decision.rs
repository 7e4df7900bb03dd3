//! `Decision`: whether a request passes, and how the limits stand.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::limit::Checked;
use crate::backend::RateVerdict;

/// Whether a request passes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// Whether it does: every limit that was asked has room.
    pub allowed: bool,
    /// Whether the backend failed, so that this process decided alone, by its share of each limit.
    pub degraded: bool,
    /// Each limit that was asked, in the order of the builder.
    pub limits: Vec<LimitDecision>,
}

/// What one limit said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitDecision {
    /// The limit's name.
    pub name: Arc<str>,
    /// Whether it has room. Where another limit refused, nothing was taken from this one.
    pub allowed: bool,
    /// How many requests it allows in [`LimitDecision::window`].
    pub limit: u64,
    /// The time the limit is about.
    pub window: Duration,
    /// How many more requests there is room for.
    pub remaining: u64,
    /// When all that was taken will be free again.
    pub reset_after: Duration,
    /// When there will be room for a request of this cost, if nobody else takes it: zero if it is allowed, `None` if
    /// it costs more than the limit ever has.
    pub retry_after: Option<Duration>,
}

impl Decision {
    /// The limit that matters most to who asks: of those that refuse the one that does so the longest, else the one
    /// with the least room. `None` where no limit was asked.
    pub fn tightest(&self) -> Option<&LimitDecision> {
        self.limits.iter().min_by_key(|limit| {
            let never_or_wait = limit.retry_after.map_or((true, Duration::ZERO), |wait| (false, wait));
            (limit.allowed, Reverse(never_or_wait), limit.remaining, Reverse(limit.reset_after))
        })
    }

    /// What the tightest limit allows in its window; `u64::MAX` where no limit was asked, as for the next ones.
    pub fn limit(&self) -> u64 {
        self.tightest().map_or(u64::MAX, |limit| limit.limit)
    }

    /// What the tightest limit has room for.
    pub fn remaining(&self) -> u64 {
        self.tightest().map_or(u64::MAX, |limit| limit.remaining)
    }

    /// When all that the tightest limit has given out will be free again.
    pub fn reset_after(&self) -> Duration {
        self.tightest().map_or(Duration::ZERO, |limit| limit.reset_after)
    }

    /// When the request may pass if it comes again; zero if it passed, `None` if it never will, because it costs more
    /// than a limit ever has.
    pub fn retry_after(&self) -> Option<Duration> {
        self.tightest().map_or(Some(Duration::ZERO), |limit| limit.retry_after)
    }

    pub(super) fn new(degraded: bool, limits: Vec<LimitDecision>) -> Self {
        Decision { allowed: limits.iter().all(|limit| limit.allowed), degraded, limits }
    }
}

impl LimitDecision {
    pub(super) fn new(limit: &Checked, verdict: RateVerdict) -> Self {
        LimitDecision {
            name: limit.name.clone(),
            allowed: verdict.admitted,
            limit: limit.rule.quota(),
            window: limit.rule.window(),
            remaining: verdict.remaining,
            reset_after: verdict.reset_after,
            retry_after: verdict.retry_after,
        }
    }
}
