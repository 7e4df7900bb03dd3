//! `Decision`: whether a request is allowed, and the state of the limits.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::limit::Checked;
use crate::backend::RateVerdict;

/// Whether a request is allowed, and the state of the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// Whether the request is allowed: all checked limits have room.
    pub allowed: bool,
    /// Whether the backend failed, so that this process decided alone, with its share of each limit.
    pub degraded: bool,
    /// The checked limits, in the order of the builder.
    pub limits: Vec<LimitDecision>,
}

/// The decision of one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitDecision {
    /// The limit's name.
    pub name: Arc<str>,
    /// Whether the limit has room. If another limit refused, nothing was taken from this one.
    pub allowed: bool,
    /// The quota: the requests in [`LimitDecision::window`].
    pub limit: u64,
    /// The window of the quota.
    pub window: Duration,
    /// The requests that there is room for now.
    pub remaining: u64,
    /// The time until the whole quota is restored.
    pub reset_after: Duration,
    /// The time until there is room for a request of this cost, if no other takes it: zero if it is allowed, `None` if
    /// the cost exceeds what the limit ever has room for.
    pub retry_after: Option<Duration>,
}

impl Decision {
    /// The most restrictive limit: the refusing one with the longest wait, else the one with the least room. `None` if no
    /// limit was checked.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limit = Limit::new(10, Duration::from_secs(60)).name("api");
    /// # let limiter = RateLimiter::builder(&cache).limit(limit).build()?;
    /// let decision = limiter.check("alice").await;
    /// assert_eq!(decision.tightest().map(|limit| &*limit.name), Some("api"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn tightest(&self) -> Option<&LimitDecision> {
        self.limits.iter().min_by_key(|limit| {
            let never_or_wait = limit.retry_after.map_or((true, Duration::ZERO), |wait| (false, wait));
            (limit.allowed, Reverse(never_or_wait), limit.remaining, Reverse(limit.reset_after))
        })
    }

    /// The quota of the tightest limit; `u64::MAX` if no limit was checked.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limit = Limit::new(10, Duration::from_secs(60)).name("api");
    /// # let limiter = RateLimiter::builder(&cache).limit(limit).build()?;
    /// assert_eq!(limiter.check("alice").await.limit(), 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn limit(&self) -> u64 {
        self.tightest().map_or(u64::MAX, |limit| limit.limit)
    }

    /// The requests that the tightest limit has room for; `u64::MAX` if no limit was checked.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limit = Limit::new(10, Duration::from_secs(60)).name("api");
    /// # let limiter = RateLimiter::builder(&cache).limit(limit).build()?;
    /// assert_eq!(limiter.check("alice").await.remaining(), 9);
    /// # Ok(())
    /// # }
    /// ```
    pub fn remaining(&self) -> u64 {
        self.tightest().map_or(u64::MAX, |limit| limit.remaining)
    }

    /// The time until the whole quota of the tightest limit is restored; zero if no limit was checked.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limit = Limit::new(10, Duration::from_secs(60)).name("api");
    /// # let limiter = RateLimiter::builder(&cache).limit(limit).build()?;
    /// assert!(limiter.check("alice").await.reset_after() <= Duration::from_secs(60));
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset_after(&self) -> Duration {
        self.tightest().map_or(Duration::ZERO, |limit| limit.reset_after)
    }

    /// The time after which the request would be allowed: zero if it was, `None` if it never is, because its cost exceeds
    /// what a limit ever has room for.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let limit = Limit::new(10, Duration::from_secs(60)).name("api");
    /// # let limiter = RateLimiter::builder(&cache).limit(limit).build()?;
    /// assert_eq!(limiter.check("alice").await.retry_after(), Some(Duration::ZERO));
    /// assert_eq!(limiter.check_n("alice", 11).await.retry_after(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        self.tightest().map_or(Some(Duration::ZERO), |limit| limit.retry_after)
    }

    pub(super) fn new(degraded: bool, limits: Vec<LimitDecision>) -> Self {
        Decision { allowed: limits.iter().all(|limit| limit.allowed), degraded, limits }
    }
}

impl LimitDecision {
    pub(super) fn new(limit: &Checked, verdict: RateVerdict) -> Self {
        LimitDecision {
            name: limit.name.clone(),
            allowed: verdict.admitted,
            limit: limit.rule.quota(),
            window: limit.rule.window(),
            remaining: verdict.remaining,
            reset_after: verdict.reset_after,
            retry_after: verdict.retry_after,
        }
    }
}
