//! Time: the clock that all processes share, and the pauses that make up the load.

use std::ops::Range;
use std::time::Duration;

use jollycache_tests::history::Nanos;
use rand::RngExt;
use rand::rngs::StdRng;
use rustix::time::{ClockId, clock_gettime};

/// `CLOCK_MONOTONIC`, which is the same for all processes of a machine, and never goes back.
pub(crate) fn now() -> Nanos {
    let time = clock_gettime(ClockId::Monotonic);
    let since_boot = Duration::new(
        u64::try_from(time.tv_sec).expect("the clock is not before the boot"),
        u32::try_from(time.tv_nsec).expect("nanoseconds are less than a second"),
    );
    u64::try_from(since_boot.as_nanos()).expect("the machine has not run for 584 years")
}

/// A pause of the load itself. Nothing waits for anything by it.
#[allow(clippy::disallowed_methods, reason = "how long things take is part of the load")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Some milliseconds, to the microsecond.
pub(crate) fn millis(rng: &mut StdRng, range: Range<u64>) -> Duration {
    Duration::from_micros(rng.random_range(range.start * 1000..range.end * 1000))
}
