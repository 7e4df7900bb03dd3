//! `RateLimiterBuilder`: the settings of a limiter, checked in one place.

use std::sync::Arc;

use super::limit::{Limit, config};
use super::limiter::RateLimiter;
use super::limits::Limits;
use super::local::Local;
use crate::backend::{Capability, MAX_RATE_REQUESTS};
use crate::cache::Cache;
use crate::error::Result;

/// The default share of each limit that a process allows by itself during an outage of the backend.
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

impl RateLimiter {
    /// A builder of a limiter that counts on the backend and in the namespace of `cache`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let limiter = RateLimiter::builder(&cache).limit(Limit::new(100, Duration::from_secs(60))).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn builder(cache: &Cache) -> RateLimiterBuilder {
        RateLimiterBuilder {
            cache: cache.clone(),
            limits: Vec::new(),
            local_share: DEFAULT_LOCAL_SHARE,
            hash_subjects: true,
        }
    }
}

impl RateLimiterBuilder {
    /// Adds a limit. A limiter has 1 to 16, with different names. Default: [`Limit::default`], if none is added.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let minute = Duration::from_secs(60);
    /// let limiter = RateLimiter::builder(&cache)
    ///     .limit(Limit::new(100, minute).name("per_ip"))
    ///     .limit(Limit::new(1_000, 60 * minute).name("per_user"))
    ///     .build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limits.push(limit);
        self
    }

    /// The share of each limit that this process allows by itself while the backend fails: above 0, up to 1, and at
    /// least one request. Set it to one over the number of processes. Default: 0.5, for two processes.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let limiter = RateLimiter::builder(&cache).local_share(1.0 / 8.0).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn local_share(mut self, share: f64) -> Self {
        self.local_share = share;
        self
    }

    /// Whether keys contain a hash of the subject instead of its escaped text, since subjects such as addresses and user
    /// ids are personal data. The hash (128 bits of SHA-256) hides them from readers of keys, not from an attacker who
    /// can try all addresses. Default: `true`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let limiter = RateLimiter::builder(&cache).hash_subjects(false).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn hash_subjects(mut self, hashed: bool) -> Self {
        self.hash_subjects = hashed;
        self
    }

    /// Checks the settings and builds the limiter. The backend is not called.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let error = RateLimiter::builder(&cache).limit(Limit::new(0, Duration::from_secs(1))).build().unwrap_err();
    /// assert_eq!(error.kind(), jollycache::ErrorKind::Config);
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a malformed or repeated name, numbers out of range (see
    /// [`Limit`]), or a share out of range; the text has the limit and the range.
    /// And for a cache whose backend has no [`RateLimits`](crate::backend::RateLimits).
    pub fn build(mut self) -> Result<RateLimiter> {
        if self.limits.is_empty() {
            self.limits.push(Limit::default());
        }
        if self.limits.len() > MAX_RATE_REQUESTS {
            let found = self.limits.len();
            return Err(config(format!("{found} limits: expected at most {MAX_RATE_REQUESTS}")));
        }
        // In this form the check refuses NaN, too.
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
        engine.store.require(Capability::RateLimits, "a rate limiter")?;
        let limits = Limits { engine, list: limits, local: Local::new(), hash_subjects: self.hash_subjects };
        Ok(RateLimiter(Arc::new(limits)))
    }
}
