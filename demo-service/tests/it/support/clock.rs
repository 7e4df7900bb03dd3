//! `TickingClock`.

use std::sync::atomic::{AtomicI64, Ordering};

use demo_service::usecases::Clock;
use jiff::Timestamp;

/// A clock that starts in 2026 and advances by a second at each call, so that tests need no sleep.
#[derive(Debug, Default)]
pub(crate) struct TickingClock {
    calls: AtomicI64,
}

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        let seconds = self.calls.fetch_add(1, Ordering::SeqCst);
        Timestamp::from_second(1_767_225_600 + seconds).unwrap()
    }
}
