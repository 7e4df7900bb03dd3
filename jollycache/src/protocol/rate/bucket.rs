//! The token bucket: GCRA, as a meter that leaks.

use super::{Count, RateRule};
use crate::clock::Millis;

/// A meter that each request raises and time lowers; the tokens of a token bucket are what is missing to its brim.
///
/// ITU-T I.371 gives two forms of GCRA, which decide alike: virtual scheduling, and this one, the continuous-state
/// leaky bucket. A request raises the meter by the window's milliseconds, and each millisecond lowers it by the quota:
/// whole numbers, so that nothing drifts, whatever the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RateBucket {
    last: Millis,
    level: u64,
}

impl RateBucket {
    fn level(&self, rule: &RateRule, now: Millis) -> u64 {
        self.level.saturating_sub(now.saturating_sub(self.last).saturating_mul(rule.quota()))
    }
}

fn brim(rule: &RateRule) -> u64 {
    rule.capacity() * rule.window_ms()
}

impl Count for RateBucket {
    fn last(&self) -> Millis {
        self.last
    }

    fn remaining(&self, rule: &RateRule, now: Millis) -> u64 {
        brim(rule).saturating_sub(self.level(rule, now)) / rule.window_ms()
    }

    fn wait(&self, rule: &RateRule, now: Millis, cost: u64) -> Millis {
        let raised = self.level(rule, now) + cost * rule.window_ms();
        raised.saturating_sub(brim(rule)).div_ceil(rule.quota())
    }

    fn empty_in(&self, rule: &RateRule, now: Millis) -> Millis {
        self.level(rule, now).div_ceil(rule.quota())
    }

    fn take(&mut self, rule: &RateRule, now: Millis, cost: u64) {
        let level = self.level(rule, now) + cost * rule.window_ms();
        *self = RateBucket { last: now, level };
    }
}
