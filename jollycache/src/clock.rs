//! The clocks and the timer. No other module reads a clock or sleeps: all others take the time as an argument, so that tests
//! choose it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, by the wall clock.
pub(crate) type Millis = u64;

/// Microseconds since the Unix epoch, by the wall clock.
pub(crate) type Micros = u64;

/// The time of the wall clock; zero before 1970.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now_ms() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, as_millis)
}

/// The time of the wall clock in microseconds; zero before 1970.
#[cfg(feature = "memory")]
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now_us() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// The time of the monotonic clock.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A duration in whole milliseconds, saturating.
pub(crate) fn as_millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The whole microseconds since `start`, saturating.
pub(crate) fn micros_since(start: Instant) -> u64 {
    u64::try_from(now().saturating_duration_since(start).as_micros()).unwrap_or(u64::MAX)
}

/// Sleeps on tokio's timer.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}
