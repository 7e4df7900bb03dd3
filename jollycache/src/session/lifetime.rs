//! `Lifetime`: idle and absolute lifetime. Pure: the time is an argument.

use std::time::Duration;

use crate::clock::{Millis, as_millis};

/// A use is stored if 1/`TOUCH_SHARE` of the idle lifetime has passed since the last stored one.
const TOUCH_SHARE: u64 = 10;

/// The lifetimes of a session. A use restarts the idle one, nothing restarts the absolute one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    idle: Millis,
    absolute: Millis,
}

impl Lifetime {
    pub(super) fn new(idle: Duration, absolute: Duration) -> Self {
        Lifetime { idle: as_millis(idle), absolute: as_millis(absolute) }
    }

    /// The absolute end of a session that begins at `now`.
    pub(super) fn end(&self, now: Millis) -> Millis {
        now.saturating_add(self.absolute)
    }

    /// The remaining lifetime of a session that is used at `now` and has the absolute end `end`; `None` if it has ended.
    pub(super) fn left(&self, now: Millis, end: Millis) -> Option<Duration> {
        let left = end.saturating_sub(now).min(self.idle);
        (left > 0).then(|| Duration::from_millis(left))
    }

    /// Whether a use at `now` is stored, for a session with the idle end `expires`.
    pub(super) fn is_worth_a_touch(&self, now: Millis, end: Millis, expires: Millis) -> bool {
        let new = now.saturating_add(self.idle).min(end);
        let gain = new.saturating_sub(expires);
        // The touch that reaches the absolute end is stored however little it gains, since no later one can gain more.
        let least = if new == end { 1 } else { (self.idle / TOUCH_SHARE).max(1) };
        gain >= least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Idle for 100 ms, 1 s in all.
    const LIFETIME: Lifetime = Lifetime { idle: 100, absolute: 1_000 };

    fn left(now: Millis) -> Option<u64> {
        LIFETIME.left(now, 5_000 + 1_000).map(as_millis)
    }

    #[test]
    fn the_idle_lifetime_restarts_and_the_absolute_end_stays() {
        assert_eq!(LIFETIME.end(5_000), 6_000);
        assert_eq!(
            [left(5_000), left(5_900), left(5_901), left(5_999)],
            [Some(100), Some(100), Some(99), Some(1)]
        );
        assert_eq!([left(6_000), left(7_000), left(Millis::MAX)], [None; 3]);
    }

    #[test]
    fn a_use_is_stored_once_in_a_tenth_of_the_idle_lifetime() {
        let expires = 5_100;
        let worth: Vec<_> =
            (5_000..5_100).filter(|now| LIFETIME.is_worth_a_touch(*now, 6_000, expires)).collect();
        assert_eq!(worth, (5_010..5_100).collect::<Vec<_>>());
        assert!(!LIFETIME.is_worth_a_touch(5_950, 6_000, 6_000), "the end does not move");
        assert!(!LIFETIME.is_worth_a_touch(5_899, 6_000, 5_995), "not yet the last");
        assert!(LIFETIME.is_worth_a_touch(5_900, 6_000, 5_995), "the last");
        assert!(!LIFETIME.is_worth_a_touch(5_000, 6_000, 9_000), "another clock is ahead");
    }

    #[test]
    fn the_longest_lifetimes_do_not_overflow() {
        let for_ever = Lifetime::new(Duration::MAX, Duration::MAX);
        assert_eq!(for_ever.end(5_000), Millis::MAX);
        assert!(for_ever.left(5_000, Millis::MAX).is_some());
        assert!(!for_ever.is_worth_a_touch(5_000, Millis::MAX, Millis::MAX));
    }
}
