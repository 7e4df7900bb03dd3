//! `Progress`: what a background task has announced to do by when, and whether it is overdue.
//!
//! A task runs only while its runtime does. One that was spawned on a current-thread runtime stands still whenever no thread
//! blocks on that runtime, without ever ending; so its announcements are compared with the clock.

use std::time::{Duration, Instant};

/// How late a task may be: on a busy machine being late is nothing unusual, and a second task costs little.
pub(super) const ALLOWANCE: Duration = Duration::from_secs(1);

/// The deadline that a task has announced. Time comes in as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It sleeps, and will begin a turn by then.
    Asleep { until: Instant },
    /// It is in a turn, and will end its current step by then.
    Busy { until: Instant },
}

impl Progress {
    /// A task that has just been spawned.
    pub(super) fn spawned(now: Instant) -> Self {
        Progress::Asleep { until: now }
    }

    /// It was woken. One that is busy begins another turn when this one is over.
    pub(super) fn woken(&mut self, now: Instant) {
        if let Progress::Asleep { until } = self {
            *until = now.min(*until);
        }
    }

    /// A turn begins.
    pub(super) fn begin(&mut self, now: Instant) {
        *self = Progress::Busy { until: now };
    }

    /// A step of the turn begins, and takes at most `bound`. Steps outside of a turn are none of the task's.
    pub(super) fn step(&mut self, now: Instant, bound: Duration) {
        if let Progress::Busy { until } = self {
            *until = now + bound;
        }
    }

    /// The turn is over, and the next one begins after `pause`.
    pub(super) fn end(&mut self, now: Instant, pause: Duration) {
        *self = Progress::Asleep { until: now + pause };
    }

    /// Whether it is overdue.
    pub(super) fn is_stalled(&self, now: Instant) -> bool {
        let (Progress::Asleep { until } | Progress::Busy { until }) = *self;
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
        let mut progress = Progress::spawned(now);
        assert!(!progress.is_stalled(now + ALLOWANCE));
        assert!(progress.is_stalled(now + ALLOWANCE * 2), "it never began");
        progress.begin(now);
        progress.end(now, MINUTE);
        assert!(!progress.is_stalled(now + MINUTE));
        assert!(progress.is_stalled(now + MINUTE + ALLOWANCE * 2));
        progress.woken(now);
        progress.woken(now + MINUTE);
        assert!(progress.is_stalled(now + ALLOWANCE * 2), "the first wake-up counts");
    }

    #[test]
    fn a_long_step_is_no_stall_and_a_wake_up_does_not_make_it_one() {
        let now = clock::now();
        let mut progress = Progress::spawned(now);
        progress.step(now, MINUTE);
        assert_eq!(progress, Progress::spawned(now), "it is not the task's step");
        progress.begin(now);
        progress.step(now, MINUTE);
        progress.woken(now);
        assert!(!progress.is_stalled(now + MINUTE));
        assert!(progress.is_stalled(now + MINUTE + ALLOWANCE * 2));
    }
}
