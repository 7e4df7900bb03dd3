//! Requests to rate limits, and their verdicts.

use std::time::Duration;

use super::RateRule;
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;

/// The most limits that are judged together.
pub const MAX_RATE_REQUESTS: usize = 16;

/// A request to one limit.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RateRequest<'a> {
    /// The name of the subject under the rule. Another rule needs another name.
    pub key: &'a StoredKey,
    /// What the limit allows.
    pub rule: &'a RateRule,
    /// How many requests this one counts as.
    pub cost: u64,
}

/// What to do if there is room. Exhaustive: a backend must distinguish every mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateMode {
    /// Take it.
    Take,
    /// Change nothing.
    Look,
}

/// The answer of one limit. Exhaustive: these four numbers are what a rate limit reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateVerdict {
    /// Whether this limit has room.
    pub admitted: bool,
    /// How many more requests there is room for.
    pub remaining: u64,
    /// The time until there is room, if no other request takes it; zero if there is room, `None` if there never will be.
    pub retry_after: Option<Duration>,
    /// The time until everything that was taken is free again.
    pub reset_after: Duration,
}

impl<'a> RateRequest<'a> {
    /// A request that counts as `cost` requests.
    pub fn new(key: &'a StoredKey, rule: &'a RateRule, cost: u64) -> Self {
        RateRequest { key, rule, cost }
    }
}

impl RateRequest<'_> {
    /// Checks the requests of one call. Every backend does that first.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for more than [`MAX_RATE_REQUESTS`], and for a name that comes twice.
    pub fn check(requests: &[Self]) -> Result<()> {
        if requests.len() > MAX_RATE_REQUESTS {
            let found = requests.len();
            let message = format!("{found} rate limits asked together: expected at most {MAX_RATE_REQUESTS}");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let is_repeated =
            |(place, one): (usize, &Self)| requests[..place].iter().any(|other| other.key == one.key);
        if requests.iter().enumerate().any(is_repeated) {
            return Err(Error::new(ErrorKind::Config, "a rate limit is asked twice in one call"));
        }
        Ok(())
    }
}
