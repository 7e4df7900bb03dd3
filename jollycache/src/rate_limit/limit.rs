//! `Limit`: one limit as it is asked for, and as it was checked.

use std::sync::Arc;
use std::time::Duration;

use super::stats::Counts;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, KeyBuilder};
use crate::protocol::{RateAlgorithm, RateRule};

/// The requests that [`Limit::default`] allows in [`DEFAULT_WINDOW`].
pub const DEFAULT_QUOTA: u64 = 100;
/// The window of [`Limit::default`].
pub const DEFAULT_WINDOW: Duration = Duration::from_secs(60);
/// The longest name of a limit.
pub const MAX_LIMIT_NAME_BYTES: usize = 32;

/// One limit: so many requests in such a window.
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
    pub fn new(quota: u64, window: Duration) -> Self {
        Limit { quota, window, algorithm: RateAlgorithm::default(), burst: None, name: "default".to_owned() }
    }

    /// How requests are counted. Default: [`RateAlgorithm::SlidingLog`], which is exact.
    pub fn algorithm(mut self, algorithm: RateAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// How many requests may come at once, for a [`RateAlgorithm::TokenBucket`] only. Default: the quota.
    pub fn burst(mut self, burst: u64) -> Self {
        self.burst = Some(burst);
        self
    }

    /// What the limit is called in headers, in statistics and in keys: 1 to 32 lower-case letters, digits, `_`, `-`.
    /// Limiters on one namespace whose limits have the same name and numbers share what they count. Default: `default`.
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
            return Err(config(format!("the limit {name:?} has a burst, which only a token bucket knows")));
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

/// A limit that was checked.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) name: Arc<str>,
    pub(super) rule: RateRule,
    /// What holds in this process while the backend is away.
    pub(super) local_rule: RateRule,
    pub(super) counts: Counts,
    /// What the keys of its subjects begin with.
    pub(super) prefix: KeyBuilder,
}

/// The numbers are part of the key: processes of two releases, with two rules, do not spoil each other's counts.
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
