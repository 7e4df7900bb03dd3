//! `RateLimiter`: the public handle.

use std::fmt;
use std::sync::Arc;

use super::decision::Decision;
use super::limit::Checked;
use super::limits::Limits;
use super::question::Question;
use super::stats::LimitStats;
use crate::error::Result;
use crate::key::KeyPart;

/// Limits the rate of requests, together with all limiters that have the same limits on the same namespace. Cheap to
/// clone; clones are one limiter.
///
/// A subject is what is counted: an address, a user, a route, a tuple of them. A failure of the backend never fails a
/// request: meanwhile the process counts by itself, up to its
/// [share](super::RateLimiterBuilder::local_share) of each limit, and sets [`Decision::degraded`].
///
/// # Cancel safety
/// If a future is dropped, the request may or may not have been counted.
#[derive(Clone)]
pub struct RateLimiter(pub(super) Arc<Limits>);

impl RateLimiter {
    /// Checks all limits for one subject. Takes one request from each if all have room, and none otherwise.
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
    /// assert!(limiter.check("203.0.113.7").await.allowed);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check<S: KeyPart + ?Sized>(&self, subject: &S) -> Decision {
        self.check_n(subject, 1).await
    }

    /// As [`RateLimiter::check`], for a request that counts as `cost` requests; zero takes nothing and is allowed.
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
    /// assert_eq!(limiter.check_n("203.0.113.7", 4).await.remaining(), 6);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check_n<S: KeyPart + ?Sized>(&self, subject: &S, cost: u64) -> Decision {
        Question::of_all(self.0.clone(), subject).cost(cost).check().await
    }

    /// The decision that [`RateLimiter::check`] would make, without taking anything; `remaining` excludes this request.
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
    /// assert_eq!(limiter.peek("203.0.113.7").await.remaining(), 10);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek<S: KeyPart + ?Sized>(&self, subject: &S) -> Decision {
        Question::of_all(self.0.clone(), subject).peek().await
    }

    /// Resets all limits of a subject, on the backend and in this process. What other processes counted by themselves
    /// during an outage stays.
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
    /// limiter.check("203.0.113.7").await;
    /// limiter.reset("203.0.113.7").await?;
    /// assert_eq!(limiter.peek("203.0.113.7").await.remaining(), 10);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn reset<S: KeyPart + ?Sized>(&self, subject: &S) -> Result<()> {
        Question::of_all(self.0.clone(), subject).reset().await
    }

    /// Starts a check of some of the limits, each for a subject of its own.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jollycache::rate_limit::{Limit, RateLimiter};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let limiter = RateLimiter::builder(&cache)
    ///     .limit(Limit::new(100, Duration::from_secs(60)).name("per_ip"))
    ///     .limit(Limit::new(1_000, Duration::from_secs(60 * 60)).name("per_user"))
    ///     .build()?;
    /// let decision = limiter.ask().by("per_ip", "203.0.113.7")?.by("per_user", &42)?.check().await;
    /// assert!(decision.allowed && decision.remaining() == 99);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ask(&self) -> Question {
        Question::of_none(self.0.clone())
    }

    /// The decisions so far by limit, in the order of the builder.
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
    /// limiter.check("203.0.113.7").await;
    /// assert_eq!(limiter.stats()[0].allowed, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stats(&self) -> Vec<LimitStats> {
        self.0.list.iter().map(Checked::stats).collect()
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.list.iter().map(|limit| (&limit.name, &limit.rule));
        f.debug_map().entries(names).finish()
    }
}
