//! Durations: `30m`, `250ms`, or a bare number in the unit of the variable.

use std::time::Duration;

use jiff::SignedDuration;

/// The unit of a bare number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Milliseconds,
    Seconds,
}

/// Parses a duration; `None` if the text is not one.
pub(super) fn parse(text: &str, unit: Unit) -> Option<Duration> {
    if let Ok(number) = text.parse::<u64>() {
        return Some(match unit {
            Unit::Milliseconds => Duration::from_millis(number),
            Unit::Seconds => Duration::from_secs(number),
        });
    }
    Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()
}
