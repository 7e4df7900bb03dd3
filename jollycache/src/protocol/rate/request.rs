//! What is asked of rate limits, and what they answer.

use std::time::Duration;

use super::RateRule;
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;

/// The most limits that are asked together.
pub const MAX_RATE_REQUESTS: usize = 16;

/// Asks one limit for room.
#[derive(Debug, Clone, Copy)]
pub struct RateRequest<'a> {
    /// What is kept for the subject under the rule. Another rule needs another name.
    pub key: &'a StoredKey,
    /// What the limit allows.
    pub rule: &'a RateRule,
    /// How many requests this one counts as.
    pub cost: u64,
}

/// What to do with room that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateMode {
    /// Take it.
    Take,
    /// Look at it only.
    Look,
}

/// What one limit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateVerdict {
    /// Whether it has room, as far as this limit is concerned.
    pub admitted: bool,
    /// How many more requests there is room for.
    pub remaining: u64,
    /// When there will be room, if nobody else takes it; zero if there is, `None` where there never will be.
    pub retry_after: Option<Duration>,
    /// When everything that was taken will be free again.
    pub reset_after: Duration,
}

impl RateRequest<'_> {
    /// What every backend checks first: that one call does not ask too much.
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
