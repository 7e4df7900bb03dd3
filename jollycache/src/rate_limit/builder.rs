//! `RateLimiterBuilder`: which limits, checked in one place.

use std::sync::Arc;

use super::limit::{Limit, config};
use super::limiter::{Inner, RateLimiter};
use super::local::Local;
use crate::backend::MAX_RATE_REQUESTS;
use crate::cache::Cache;
use crate::error::Result;

/// The share of each limit that a process allows by itself while the backend is away.
const DEFAULT_LOCAL_SHARE: f64 = 0.5;

/// Builds a [`RateLimiter`].
#[derive(Debug, Clone)]
#[must_use]
pub struct RateLimiterBuilder {
    cache: Cache,
    limits: Vec<Limit>,
    local_share: f64,
    hash_subjects: bool,
}

impl RateLimiterBuilder {
    pub(super) fn new(cache: &Cache) -> Self {
        RateLimiterBuilder {
            cache: cache.clone(),
            limits: Vec::new(),
            local_share: DEFAULT_LOCAL_SHARE,
            hash_subjects: true,
        }
    }

    /// Adds a limit, 1 to 16 with names of their own. Default: [`Limit::default`], if none is added.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limits.push(limit);
        self
    }

    /// What part of each limit this process allows by itself while the backend fails: above 0, up to 1, and at least
    /// one request. Set it to one over the number of processes. Default: 0.5, which is right for two.
    pub fn local_share(mut self, share: f64) -> Self {
        self.local_share = share;
        self
    }

    /// Whether keys hold a hash of the subject instead of its escaped text: subjects are personal data, such as
    /// addresses and user ids. The hash (128 bits of SHA-256) hides them from someone who reads keys, not from someone
    /// who tries all addresses. Default: `true`.
    pub fn hash_subjects(mut self, hashed: bool) -> Self {
        self.hash_subjects = hashed;
        self
    }

    /// Checks everything and builds the limiter.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), saying which limit and what is wrong: a name that is malformed
    /// or comes twice, numbers out of range (see [`Limit`]), a share out of range.
    pub fn build(mut self) -> Result<RateLimiter> {
        if self.limits.is_empty() {
            self.limits.push(Limit::default());
        }
        if self.limits.len() > MAX_RATE_REQUESTS {
            let found = self.limits.len();
            return Err(config(format!("{found} limits: expected at most {MAX_RATE_REQUESTS}")));
        }
        // Not a number fails the comparison, too.
        if !(self.local_share > 0.0 && self.local_share <= 1.0) {
            let found = self.local_share;
            return Err(config(format!("a local share of {found}: expected more than 0 and at most 1")));
        }
        let share = self.local_share;
        let limits: Vec<_> =
            self.limits.into_iter().map(|limit| limit.check(share)).collect::<Result<_>>()?;
        let is_repeated = |place: usize| limits[..place].iter().any(|other| other.name == limits[place].name);
        if let Some(place) = (0..limits.len()).find(|&place| is_repeated(place)) {
            let name = &limits[place].name;
            return Err(config(format!("two limits are named {name:?}: give each a name of its own")));
        }
        let engine = self.cache.engine.clone();
        let inner = Inner { engine, limits, local: Local::new(), hash_subjects: self.hash_subjects };
        Ok(RateLimiter(Arc::new(inner)))
    }
}
