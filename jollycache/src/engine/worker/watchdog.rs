//! `Watchdog`: what a background task has announced to do by when, and whether it is overdue.
//!
//! A task runs only while its runtime does. One that was spawned on a current-thread runtime makes no progress while no thread
//! blocks on that runtime, without ever ending; so its announcements are compared with the clock.

use std::time::{Duration, Instant};

/// How late a task may be: on a busy machine being late is nothing unusual, and a second task costs little.
pub(super) const ALLOWANCE: Duration = Duration::from_secs(1);

/// The deadline that a task has announced. Time comes in as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watchdog {
    /// It sleeps, and will begin a turn by then.
    Asleep { until: Instant },
    /// It is in a turn, and will end its current step by then.
    Busy { until: Instant },
}

impl Watchdog {
    /// A task that has just been spawned.
    pub(super) fn spawned(now: Instant) -> Self {
        Watchdog::Asleep { until: now }
    }

    /// It was woken. One that is busy begins another turn when this one is over.
    pub(super) fn woken(&mut self, now: Instant) {
        if let Watchdog::Asleep { until } = self {
            *until = now.min(*until);
        }
    }

    /// A turn begins.
    pub(super) fn begin(&mut self, now: Instant) {
        *self = Watchdog::Busy { until: now };
    }

    /// A step of the turn begins, and takes at most `bound`. Steps outside of a turn are none of the task's.
    pub(super) fn step(&mut self, now: Instant, bound: Duration) {
        if let Watchdog::Busy { until } = self {
            *until = now + bound;
        }
    }

    /// The turn is over, and the next one begins after `pause`.
    pub(super) fn end(&mut self, now: Instant, pause: Duration) {
        *self = Watchdog::Asleep { until: now + pause };
    }

    /// Whether it is overdue.
    pub(super) fn is_stalled(&self, now: Instant) -> bool {
        let (Watchdog::Asleep { until } | Watchdog::Busy { until }) = *self;
        now > until + ALLOWANCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_task_that_sleeps_is_overdue_when_it_was_to_wake_or_was_woken() {
        let now = clock::now();
        let mut watchdog = Watchdog::spawned(now);
        assert!(!watchdog.is_stalled(now + ALLOWANCE));
        assert!(watchdog.is_stalled(now + ALLOWANCE * 2), "it never began");
        watchdog.begin(now);
        watchdog.end(now, MINUTE);
        assert!(!watchdog.is_stalled(now + MINUTE));
        assert!(watchdog.is_stalled(now + MINUTE + ALLOWANCE * 2));
        watchdog.woken(now);
        watchdog.woken(now + MINUTE);
        assert!(watchdog.is_stalled(now + ALLOWANCE * 2), "the first wake-up counts");
    }

    #[test]
    fn a_long_step_is_no_stall_and_a_wake_up_does_not_make_it_one() {
        let now = clock::now();
        let mut watchdog = Watchdog::spawned(now);
        watchdog.step(now, MINUTE);
        assert_eq!(watchdog, Watchdog::spawned(now), "it is not the task's step");
        watchdog.begin(now);
        watchdog.step(now, MINUTE);
        watchdog.woken(now);
        assert!(!watchdog.is_stalled(now + MINUTE));
        assert!(watchdog.is_stalled(now + MINUTE + ALLOWANCE * 2));
    }
}
