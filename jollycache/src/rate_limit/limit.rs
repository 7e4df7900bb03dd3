//! `Limit`: one limit, as it is configured and as it was checked.

use std::sync::Arc;
use std::time::Duration;

use super::stats::{Counts, LimitStats};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, KeyBuilder};
use crate::protocol::{RateAlgorithm, RateRule};

/// The quota of [`Limit::default`].
pub const DEFAULT_QUOTA: u64 = 100;
/// The window of [`Limit::default`].
pub const DEFAULT_WINDOW: Duration = Duration::from_secs(60);
/// Maximum bytes of a limit's name.
pub const MAX_LIMIT_NAME_BYTES: usize = 32;

/// A limit: a quota of requests of one subject in a window of time.
///
/// ```
/// use std::time::Duration;
///
/// use jollycache::rate_limit::{Limit, RateAlgorithm};
///
/// let per_ip = Limit::new(100, Duration::from_secs(60)).name("per_ip");
/// let uploads = Limit::new(60, Duration::from_secs(60 * 60)).algorithm(RateAlgorithm::TokenBucket).burst(5).name("uploads");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Limit {
    quota: u64,
    window: Duration,
    algorithm: RateAlgorithm,
    burst: Option<u64>,
    name: String,
}

impl Limit {
    /// At most `quota` requests of a subject in `window`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateAlgorithm};
    /// let limit = Limit::new(100, Duration::from_secs(60));
    /// # let _ = limit;
    /// ```
    pub fn new(quota: u64, window: Duration) -> Self {
        Limit { quota, window, algorithm: RateAlgorithm::default(), burst: None, name: "default".to_owned() }
    }

    /// How requests are counted. Default: [`RateAlgorithm::SlidingLog`], which is exact.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateAlgorithm};
    /// let limit = Limit::new(100_000, Duration::from_secs(60)).algorithm(RateAlgorithm::SlidingCounter);
    /// # let _ = limit;
    /// ```
    pub fn algorithm(mut self, algorithm: RateAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The requests that may come at once, for [`RateAlgorithm::TokenBucket`] only. Default: the quota.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateAlgorithm};
    /// let limit = Limit::new(60, Duration::from_secs(60)).algorithm(RateAlgorithm::TokenBucket).burst(5);
    /// # let _ = limit;
    /// ```
    pub fn burst(mut self, burst: u64) -> Self {
        self.burst = Some(burst);
        self
    }

    /// The name in response fields, statistics and keys: 1 to 32 lower-case letters, digits, `_`, `-`. Limiters on one
    /// namespace share the counts of limits with equal names and numbers. Default: `default`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateAlgorithm};
    /// let limit = Limit::new(100, Duration::from_secs(60)).name("per_ip");
    /// # let _ = limit;
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    pub(super) fn check(self, local_share: f64) -> Result<Checked> {
        let Limit { quota, window, algorithm, burst, name } = self;
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if !(1..=MAX_LIMIT_NAME_BYTES).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(config(format!(
                "a limit named {name:?}: expected 1 to {MAX_LIMIT_NAME_BYTES} of a-z, 0-9, '_' and '-'"
            )));
        }
        let in_limit = |error: Error| config(format!("the limit {name:?} has {error}"));
        if burst.is_some() && algorithm != RateAlgorithm::TokenBucket {
            return Err(config(format!("the limit {name:?} has a burst: only a token bucket has one")));
        }
        let rule = RateRule::new(algorithm, quota, window, burst.unwrap_or(quota)).map_err(in_limit)?;
        Ok(Checked {
            prefix: prefix(&name, &rule),
            name: name.into(),
            rule,
            local_rule: rule.scaled(local_share),
            counts: Counts::default(),
        })
    }
}

/// 100 requests in 60 s.
impl Default for Limit {
    fn default() -> Self {
        Limit::new(DEFAULT_QUOTA, DEFAULT_WINDOW)
    }
}

/// A checked limit.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) name: Arc<str>,
    pub(super) rule: RateRule,
    /// The rule of this process during an outage of the backend.
    pub(super) local_rule: RateRule,
    pub(super) counts: Counts,
    /// The prefix of its subjects' keys.
    pub(super) prefix: KeyBuilder,
}

impl Checked {
    pub(super) fn stats(&self) -> LimitStats {
        self.counts.stats(self.name.clone())
    }
}

/// The prefix of the keys. It contains the numbers, so that processes of two releases with different rules do not share
/// counts.
fn prefix(name: &str, rule: &RateRule) -> KeyBuilder {
    let letter = match rule.algorithm() {
        RateAlgorithm::SlidingLog => 'l',
        RateAlgorithm::SlidingCounter => 'c',
        RateAlgorithm::TokenBucket => 'b',
    };
    let numbers = format!("{letter}{}-{}-{}", rule.quota(), rule.window_ms(), rule.capacity());
    Key::builder().literal(&format!("{name}:{numbers}:"))
}

pub(super) fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}
