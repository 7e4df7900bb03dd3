//! `RateSlot`: what one subject of a rate limit has used, and its transitions.
//!
//! Three ways to count, each a pure state machine: `RateLog`, `RateCounter` and `RateBucket`. All arithmetic is
//! in whole numbers below 2^53, so that a script whose numbers are doubles comes to the same results to the digit.

mod bucket;
mod counter;
mod log;
mod request;
mod rule;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bucket::RateBucket;
use counter::RateCounter;
use log::RateLog;
pub use request::{MAX_RATE_REQUESTS, RateMode, RateRequest, RateVerdict};
pub use rule::{MAX_LOG_QUOTA, MAX_RATE_WINDOW, RateAlgorithm, RateRule};

use crate::clock::Millis;

/// What a store holds for one subject under one rule.
///
/// It has a time of its own, which never goes back: if the clock is set back, the slot continues from the last time
/// something was taken. So nothing that was taken is forgotten early, and, counted from the first request after the
/// jump, nothing counts longer than it would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateSlot {
    /// How far the slot's time is ahead of the clock.
    lead: Millis,
    uses: Uses,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Uses {
    Log(RateLog),
    Counter(RateCounter),
    Bucket(RateBucket),
}

/// One way to count. `now` is the slot's time, and never before [`Count::last`].
trait Count {
    /// When something was taken last.
    fn last(&self) -> Millis;

    /// How many more requests there is room for.
    fn remaining(&self, rule: &RateRule, now: Millis) -> u64;

    /// How long until there is room for `cost`, which is within the rule's capacity; zero if there is.
    fn wait(&self, rule: &RateRule, now: Millis, cost: u64) -> Millis;

    /// How long until nothing counts any more.
    fn empty_in(&self, rule: &RateRule, now: Millis) -> Millis;

    /// Takes room that is there.
    fn take(&mut self, rule: &RateRule, now: Millis, cost: u64);
}

impl RateSlot {
    /// Nothing has been taken.
    pub fn new(rule: &RateRule) -> Self {
        let uses = match rule.algorithm() {
            RateAlgorithm::SlidingLog => Uses::Log(RateLog::default()),
            RateAlgorithm::SlidingCounter => Uses::Counter(RateCounter::default()),
            RateAlgorithm::TokenBucket => Uses::Bucket(RateBucket::default()),
        };
        RateSlot { lead: 0, uses }
    }

    /// The slot's time when the clock shows `clock`.
    pub fn now(&mut self, clock: Millis) -> Millis {
        let now = clock.saturating_add(self.lead);
        let behind = self.uses().last().saturating_sub(now);
        self.lead += behind;
        now + behind
    }

    /// The verdict on `cost`, without taking it.
    pub fn judge(&self, rule: &RateRule, now: Millis, cost: u64) -> RateVerdict {
        let uses = self.uses();
        let wait = (cost <= rule.capacity()).then(|| uses.wait(rule, now, cost));
        RateVerdict {
            admitted: wait == Some(0),
            remaining: uses.remaining(rule, now),
            retry_after: wait.map(Duration::from_millis),
            reset_after: Duration::from_millis(uses.empty_in(rule, now)),
        }
    }

    /// Takes `cost`, which was admitted at this time.
    pub fn take(&mut self, rule: &RateRule, now: Millis, cost: u64) {
        if cost > 0 {
            self.uses_mut().take(rule, now, cost);
        }
    }

    /// Takes `cost` if there is room.
    pub fn admit(&mut self, rule: &RateRule, clock: Millis, cost: u64) -> RateVerdict {
        let now = self.now(clock);
        let verdict = self.judge(rule, now, cost);
        if !verdict.admitted {
            return verdict;
        }
        self.take(rule, now, cost);
        self.judge(rule, now, 0)
    }

    fn uses(&self) -> &dyn Count {
        match &self.uses {
            Uses::Log(log) => log,
            Uses::Counter(counter) => counter,
            Uses::Bucket(bucket) => bucket,
        }
    }

    fn uses_mut(&mut self) -> &mut dyn Count {
        match &mut self.uses {
            Uses::Log(log) => log,
            Uses::Counter(counter) => counter,
            Uses::Bucket(bucket) => bucket,
        }
    }
}
