//! `RateRule`: how much, in how long, counted how; checked once, so that nothing overflows later.

use std::time::Duration;

use crate::clock::{Millis, as_millis};
use crate::error::{Error, ErrorKind, Result};

/// The most requests that [`RateAlgorithm::SlidingLog`] remembers of a subject.
pub const MAX_LOG_QUOTA: u64 = 10_000;
/// The longest window.
pub const MAX_RATE_WINDOW: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// The most that a quota times its window in milliseconds may be. Sums of three such products are exact in a double.
const MAX_PRODUCT: u64 = 1 << 51;

/// How requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum RateAlgorithm {
    /// Remembers when each request was taken: in no window, wherever it begins, are more than the quota. Exact, at the
    /// cost of some 10 bytes a request; for quotas of up to [`MAX_LOG_QUOTA`].
    #[default]
    SlidingLog,
    /// Counts by window, and lets the last one fade out in step with the present one. Two numbers a subject, whatever
    /// the quota; in a time `t` up to a window long at most `quota · (1 + t / window)` requests pass, so never twice
    /// the quota in a burst.
    SlidingCounter,
    /// A bucket of tokens that is refilled at the quota's rate, one by one: GCRA, in its form as a leaky bucket that
    /// is a meter (ITU-T I.371). In any time `t` at most `burst + quota · t / window` requests pass.
    TokenBucket,
}

/// What a limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateRule {
    algorithm: RateAlgorithm,
    quota: u64,
    window: Millis,
    burst: u64,
}

impl RateRule {
    /// `quota` requests a `window`; of a [`RateAlgorithm::TokenBucket`] at most `burst` at once. The others take no
    /// notice of `burst`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a quota of zero, or above [`MAX_LOG_QUOTA`] with a log; for a window that is not of
    /// 1 ms to 31 days; for a burst that is not of one to the quota; and where quota times window in milliseconds is
    /// above 2^51.
    pub fn new(algorithm: RateAlgorithm, quota: u64, window: Duration, burst: u64) -> Result<Self> {
        let window_ms = as_millis(window);
        if quota == 0 {
            return refuse("a quota of 0: expected at least 1".to_owned());
        }
        if algorithm == RateAlgorithm::SlidingLog && quota > MAX_LOG_QUOTA {
            return refuse(format!(
                "a quota of {quota} with a log: expected at most {MAX_LOG_QUOTA}; a sliding counter or a token \
                 bucket takes more"
            ));
        }
        if window_ms == 0 || window > MAX_RATE_WINDOW {
            return refuse(format!("a window of {window:?}: expected 1 ms to 31 days"));
        }
        if quota.checked_mul(window_ms).is_none_or(|product| product > MAX_PRODUCT) {
            return refuse(format!("a quota of {quota} in {window:?}: more than can be counted exactly"));
        }
        let is_bucket = algorithm == RateAlgorithm::TokenBucket;
        if is_bucket && !(1..=quota).contains(&burst) {
            return refuse(format!("a burst of {burst}: expected 1 to the quota of {quota}"));
        }
        Ok(RateRule { algorithm, quota, window: window_ms, burst: if is_bucket { burst } else { quota } })
    }

    /// How requests are counted.
    pub fn algorithm(&self) -> RateAlgorithm {
        self.algorithm
    }

    /// How many requests a window.
    pub fn quota(&self) -> u64 {
        self.quota
    }

    /// The window, in whole milliseconds.
    pub fn window(&self) -> Duration {
        Duration::from_millis(self.window)
    }

    /// How many requests at once at most: a token bucket's burst, else the quota.
    pub fn capacity(&self) -> u64 {
        self.burst
    }

    pub(crate) fn window_ms(&self) -> Millis {
        self.window
    }

    /// The same with a share of the quota, at least one request.
    #[cfg(feature = "rate-limit")]
    pub(crate) fn scaled(self, share: f64) -> Self {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a quota is below 2^51, and a share is between zero and one"
        )]
        let scale = |number: u64| ((number as f64 * share) as u64).max(1);
        RateRule { quota: scale(self.quota), burst: scale(self.burst), ..self }
    }
}

fn refuse<T>(message: String) -> Result<T> {
    Err(Error::new(ErrorKind::Config, message))
}
