//! The sliding window log: when each request was taken.

use std::collections::VecDeque;

use super::{Count, RateRule};
use crate::clock::Millis;

/// The times of what was taken, oldest first; the oldest may count no more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct RateLog {
    times: VecDeque<Millis>,
}

impl RateLog {
    /// The first that still counts: a request counts for less than a window, so that it is out when a window is over.
    fn first_live(&self, rule: &RateRule, now: Millis) -> usize {
        self.times.partition_point(|time| time.saturating_add(rule.window_ms()) <= now)
    }

    fn used(&self, rule: &RateRule, now: Millis) -> u64 {
        (self.times.len() - self.first_live(rule, now)) as u64
    }
}

impl Count for RateLog {
    fn last(&self) -> Millis {
        self.times.back().copied().unwrap_or(0)
    }

    fn remaining(&self, rule: &RateRule, now: Millis) -> u64 {
        rule.quota().saturating_sub(self.used(rule, now))
    }

    fn wait(&self, rule: &RateRule, now: Millis, cost: u64) -> Millis {
        let over = (self.used(rule, now) + cost).saturating_sub(rule.quota());
        let Some(behind) = usize::try_from(over).ok().and_then(|over| over.checked_sub(1)) else { return 0 };
        // When the last of those that stand in the way is out.
        let freeing = self.times.get(self.first_live(rule, now) + behind);
        freeing.map_or(0, |time| time.saturating_add(rule.window_ms()).saturating_sub(now))
    }

    fn empty_in(&self, rule: &RateRule, now: Millis) -> Millis {
        self.times.back().map_or(0, |last| last.saturating_add(rule.window_ms()).saturating_sub(now))
    }

    fn take(&mut self, rule: &RateRule, now: Millis, cost: u64) {
        self.times.drain(..self.first_live(rule, now));
        self.times.extend((0..cost).map(|_| now));
    }
}
