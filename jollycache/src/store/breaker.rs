//! The circuit breaker: after some failures in a row no calls are sent to the backend, and a probe checks whether it is
//! back.
//!
//! The pattern is Nygard's ("Release It!", 2007). Failures are counted in a row and not per time, so that a backend
//! that fails slowly opens it too.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The failures in a row that open the breaker.
pub(crate) const FAILURES_TO_OPEN: u32 = 5;
/// The wait before the first probe; it doubles with each failed one.
const FIRST_PROBE: Duration = Duration::from_millis(50);
/// The longest wait between probes, so that a server that returns is in use within a second.
const LONGEST_PROBE: Duration = Duration::from_millis(400);

/// What the breaker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls do not pass; a probe is due at this time.
    Open {
        /// When.
        probe_at: Instant,
        /// How many probes have failed.
        failed_probes: u32,
    },
    /// Calls do not pass; a probe is under way.
    HalfOpen {
        /// How many probes have failed before it.
        failed_probes: u32,
    },
}

/// See the module. Time and chance come in as arguments.
#[derive(Debug)]
pub(crate) struct Breaker {
    /// The state's fast answer for calls: reading it is all that a closed breaker costs.
    blocked: AtomicBool,
    failures: AtomicU32,
    state: Mutex<BreakerState>,
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker {
            blocked: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            state: Mutex::new(BreakerState::Closed),
        }
    }
}

impl Breaker {
    /// Whether a call may go to the backend.
    pub(crate) fn allows(&self) -> bool {
        !self.blocked.load(Ordering::Acquire)
    }

    /// A call came back with an answer.
    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// A call failed or timed out. Returns whether this opened the breaker.
    pub(crate) fn failed(&self, now: Instant) -> bool {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 < FAILURES_TO_OPEN {
            return false;
        }
        let mut state = self.lock();
        if *state != BreakerState::Closed {
            return false;
        }
        *state = BreakerState::Open { probe_at: now + FIRST_PROBE, failed_probes: 0 };
        self.blocked.store(true, Ordering::Release);
        true
    }

    /// How long until a probe is due; `None` while the breaker is closed or a probe is under way.
    pub(crate) fn probe_in(&self, now: Instant) -> Option<Duration> {
        match self.state() {
            BreakerState::Open { probe_at, .. } => Some(probe_at.saturating_duration_since(now)),
            BreakerState::Closed | BreakerState::HalfOpen { .. } => None,
        }
    }

    /// Begins a probe, if one is due. No other begins before it ends.
    pub(crate) fn begin_probe(&self, now: Instant) -> Option<Probe<'_>> {
        let mut state = self.lock();
        match *state {
            BreakerState::Open { probe_at, failed_probes } if probe_at <= now => {
                *state = BreakerState::HalfOpen { failed_probes };
                Some(Probe { breaker: self, due: probe_at, failed_probes })
            }
            _ => None,
        }
    }

    /// Ends the probe under way without an outcome, because its task does not run any more: another may begin.
    pub(crate) fn abandon_probe(&self, now: Instant) {
        let mut state = self.lock();
        if let BreakerState::HalfOpen { failed_probes } = *state {
            *state = BreakerState::Open { probe_at: now, failed_probes };
        }
    }

    /// Ends the probe under way.
    fn end_probe(&self, next: BreakerState) {
        let mut state = self.lock();
        if matches!(*state, BreakerState::HalfOpen { .. }) {
            *state = next;
        }
    }

    /// The backend is back: calls pass again.
    fn close(&self) {
        let mut state = self.lock();
        *state = BreakerState::Closed;
        self.failures.store(0, Ordering::Relaxed);
        self.blocked.store(false, Ordering::Release);
    }

    /// What it is doing.
    pub(crate) fn state(&self) -> BreakerState {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, BreakerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A probe under way.
///
/// # Cancel safety
/// Dropped without an outcome, because its task was aborted or its runtime shut down, it leaves the breaker open with
/// the probe still due: an abandoned probe is no evidence for or against the backend.
#[derive(Debug)]
pub(crate) struct Probe<'a> {
    breaker: &'a Breaker,
    due: Instant,
    failed_probes: u32,
}

impl Probe<'_> {
    /// The backend answered.
    pub(crate) fn succeeded(self) {
        self.breaker.close();
    }

    /// The backend did not answer. `spread` (0 to 1) keeps many processes from probing in step.
    pub(crate) fn failed(self, now: Instant, spread: f64) {
        let failed_probes = self.failed_probes.saturating_add(1);
        let wait = FIRST_PROBE.saturating_mul(1 << failed_probes.min(10)).min(LONGEST_PROBE);
        let wait = wait.mul_f64(1.0 - 0.5 * spread.clamp(0.0, 1.0));
        self.breaker.end_probe(BreakerState::Open { probe_at: now + wait, failed_probes });
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        let Probe { due: probe_at, failed_probes, .. } = *self;
        self.breaker.end_probe(BreakerState::Open { probe_at, failed_probes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 1..FAILURES_TO_OPEN {
            assert!(!breaker.failed(now));
        }
        assert!(breaker.failed(now));
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_however_slow_they_are() {
        let start = clock::now();
        let breaker = Breaker::default();
        for minute in 0..u64::from(FAILURES_TO_OPEN) {
            assert!(breaker.allows());
            breaker.failed(start + Duration::from_mins(minute));
        }
        assert!(!breaker.allows());
    }

    #[test]
    fn a_success_between_failures_starts_the_count_again() {
        let now = clock::now();
        let breaker = Breaker::default();
        for _ in 0..10 {
            for _ in 1..FAILURES_TO_OPEN {
                breaker.failed(now);
            }
            breaker.succeeded();
        }
        assert!(breaker.allows());
    }

    #[test]
    fn one_probe_at_a_time_and_calls_wait_for_its_success() {
        let now = clock::now();
        let breaker = opened(now);
        assert!(breaker.begin_probe(now).is_none(), "not due yet");
        let due = now + FIRST_PROBE;
        let probe = breaker.begin_probe(due).expect("due");
        assert!(breaker.begin_probe(due).is_none(), "one is under way");
        assert!(!breaker.allows(), "half-open lets only the probe through");
        probe.succeeded();
        assert!(breaker.allows());
    }

    #[test]
    fn an_abandoned_probe_is_due_again_at_once_and_does_not_count_as_failed() {
        let now = clock::now();
        let breaker = opened(now);
        let due = now + FIRST_PROBE;
        drop(breaker.begin_probe(due).expect("due"));
        assert_eq!(breaker.state(), BreakerState::Open { probe_at: due, failed_probes: 0 });
        breaker.begin_probe(due).expect("due still").succeeded();
        assert!(breaker.allows());
    }

    #[test]
    fn waits_grow_between_probes_and_stay_below_half_a_second() {
        let mut now = clock::now();
        let breaker = opened(now);
        let mut longest = Duration::ZERO;
        for _ in 0..40 {
            let wait = breaker.probe_in(now).expect("open");
            longest = longest.max(wait);
            now += wait;
            breaker.begin_probe(now).expect("due").failed(now, 0.0);
        }
        assert_eq!(longest, LONGEST_PROBE);
    }
}
