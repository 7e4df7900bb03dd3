//! The sliding window counter: two numbers, for the present window and the one before.

use super::{Count, RateRule};
use crate::clock::Millis;

/// What was taken in the window of the last request, and in the one before it. Windows begin at multiples of their
/// length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RateCounter {
    last: Millis,
    previous: u64,
    current: u64,
}

/// The counter as it is at some time. Sums are in requests times milliseconds, and so whole.
struct View {
    previous: u64,
    current: u64,
    elapsed: Millis,
    window: Millis,
    quota: u64,
}

impl View {
    /// The room that is left: the previous window counts by the part of it that is not a window old.
    fn room(&self) -> u64 {
        let fading = self.previous * (self.window - self.elapsed);
        (self.quota * self.window).saturating_sub(fading + self.current * self.window)
    }

    /// How far into its successor a window that took `taken` leaves no room for `cost`, which is within the quota.
    fn in_the_way(&self, taken: u64, cost: u64) -> Millis {
        let room = (self.quota - cost) * self.window;
        room.checked_div(taken).map_or(0, |fades_to| self.window.saturating_sub(fades_to))
    }
}

impl RateCounter {
    fn at(&self, rule: &RateRule, now: Millis) -> View {
        let window = rule.window_ms();
        let (previous, current) = match now / window - self.last / window {
            0 => (self.previous, self.current),
            1 => (self.current, 0),
            _ => (0, 0),
        };
        View { previous, current, elapsed: now % window, window, quota: rule.quota() }
    }
}

impl Count for RateCounter {
    fn last(&self) -> Millis {
        self.last
    }

    fn remaining(&self, rule: &RateRule, now: Millis) -> u64 {
        let view = self.at(rule, now);
        view.room() / view.window
    }

    fn wait(&self, rule: &RateRule, now: Millis, cost: u64) -> Millis {
        let view = self.at(rule, now);
        if cost * view.window <= view.room() {
            return 0;
        }
        if view.current + cost <= view.quota {
            // In this window, when enough of the previous one has faded.
            return view.in_the_way(view.previous, view.current + cost) - view.elapsed;
        }
        // In the next one, when enough of this one has.
        view.window - view.elapsed + view.in_the_way(view.current, cost)
    }

    fn empty_in(&self, rule: &RateRule, now: Millis) -> Millis {
        let view = self.at(rule, now);
        match (view.previous, view.current) {
            (0, 0) => 0,
            (_, 0) => view.window - view.elapsed,
            _ => 2 * view.window - view.elapsed,
        }
    }

    fn take(&mut self, rule: &RateRule, now: Millis, cost: u64) {
        let view = self.at(rule, now);
        *self = RateCounter { last: now, previous: view.previous, current: view.current + cost };
    }
}
