//! `Warnings`: which of the warnings that calls may repeat are written. A store that refuses every command would fill
//! the log else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A warning of one kind is written no more often than this.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many kinds are distinguished; the others count as one.
const MAX_KINDS: usize = 256;

/// See the module. Time comes in as an argument.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    kinds: Mutex<HashMap<String, Kind>>,
}

#[derive(Debug)]
struct Kind {
    written: Instant,
    suppressed: u64,
}

impl Warnings {
    /// Whether to warn of `what` in `region`: with the number of warnings of the kind that were suppressed since the
    /// last one that was written, or not, `None`.
    pub(crate) fn admit(&self, region: &str, what: &str, now: Instant) -> Option<u64> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut name = format!("{region}\n{what}");
        if kinds.len() >= MAX_KINDS && !kinds.contains_key(&name) {
            kinds.retain(|_, kind| now.saturating_duration_since(kind.written) < INTERVAL);
            if kinds.len() >= MAX_KINDS {
                name = String::new();
            }
        }
        let Some(kind) = kinds.get_mut(&name) else {
            kinds.insert(name, Kind { written: now, suppressed: 0 });
            return Some(0);
        };
        if now.saturating_duration_since(kind.written) < INTERVAL {
            kind.suppressed += 1;
            return None;
        }
        kind.written = now;
        Some(std::mem::take(&mut kind.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn one_of_a_kind_is_written_in_an_interval_with_the_count_of_the_others() {
        let (warnings, now) = (Warnings::default(), clock::now());
        assert_eq!(warnings.admit("a", "OOM", now), Some(0));
        for _ in 0..1000 {
            assert_eq!(warnings.admit("a", "OOM", now), None);
        }
        assert_eq!(warnings.admit("b", "OOM", now), Some(0));
        assert_eq!(warnings.admit("a", "READONLY", now), Some(0));
        assert_eq!(warnings.admit("a", "OOM", now + INTERVAL), Some(1000));
        assert_eq!(warnings.admit("a", "OOM", now + INTERVAL * 2), Some(0));
    }

    #[test]
    fn many_kinds_take_a_bounded_room() {
        let (warnings, now) = (Warnings::default(), clock::now());
        let written = (0..10 * MAX_KINDS).filter_map(|i| warnings.admit("a", &i.to_string(), now)).count();
        assert_eq!(written, MAX_KINDS + 1);
        assert_eq!(warnings.admit("a", "later", now + INTERVAL), Some(0), "what is over makes room");
    }
}
