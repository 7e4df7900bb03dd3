//! A clock that nobody waits for.

use std::sync::atomic::{AtomicI64, Ordering};

use demo_service::usecases::Clock;
use jiff::Timestamp;

/// A second later each time it is asked, from 2026 on.
#[derive(Debug, Default)]
pub(crate) struct TickingClock {
    asked: AtomicI64,
}

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        Timestamp::from_second(1_767_225_600 + asked).unwrap()
    }
}
