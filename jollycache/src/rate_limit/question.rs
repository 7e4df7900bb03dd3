//! `Question`: a check of some limits, each for its own subject.

use std::fmt;
use std::sync::Arc;

use super::decision::Decision;
use super::limits::Limits;
use crate::backend::RateMode;
use crate::error::Result;
use crate::key::{KeyPart, Segment, StoredKey};

/// A check of some limits; see [`RateLimiter::ask`](super::RateLimiter::ask). Limits that are not named are not checked.
#[must_use = "nothing is checked before `check` is awaited"]
pub struct Question {
    limits: Arc<Limits>,
    checks: Vec<(usize, StoredKey)>,
    cost: u64,
}

impl Question {
    /// A check of no limit.
    pub(super) fn of_none(limits: Arc<Limits>) -> Self {
        Question { limits, checks: Vec::new(), cost: 1 }
    }

    /// A check of all limits for one subject.
    pub(super) fn of_all<S: KeyPart + ?Sized>(limits: Arc<Limits>, subject: &S) -> Self {
        let subject = Segment::new(subject);
        let checks = (0..limits.list.len()).map(|place| (place, limits.key(place, &subject))).collect();
        Question { limits, checks, cost: 1 }
    }

    /// Checks the limit `name` for `subject`. A second call for one limit replaces the subject.
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
    /// let decision = limiter.ask().by("api", &("alice", "/export"))?.check().await;
    /// assert!(decision.allowed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the limiter has no limit with this name.
    pub fn by<S: KeyPart + ?Sized>(mut self, name: &str, subject: &S) -> Result<Self> {
        let place = self.limits.place(name)?;
        let key = self.limits.key(place, &Segment::new(subject));
        self.checks.retain(|(other, _)| *other != place);
        let before = self.checks.partition_point(|(other, _)| *other < place);
        self.checks.insert(before, (place, key));
        Ok(self)
    }

    /// How many requests this one counts as. Default: 1.
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
    /// let decision = limiter.ask().by("api", "alice")?.cost(3).check().await;
    /// assert_eq!(decision.remaining(), 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cost(mut self, cost: u64) -> Self {
        self.cost = cost;
        self
    }

    /// Takes the cost from each limit if all have room, and nothing otherwise.
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
    /// assert!(limiter.ask().by("api", "alice")?.check().await.allowed);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check(self) -> Decision {
        let decision = self.limits.decide(&self.checks, self.cost, RateMode::Take).await;
        self.limits.record(&self.checks, &decision);
        decision
    }

    /// The decision that [`Question::check`] would make, without taking anything; `remaining` excludes this request.
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
    /// assert_eq!(limiter.ask().by("api", "alice")?.peek().await.remaining(), 10);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek(self) -> Decision {
        self.limits.decide(&self.checks, self.cost, RateMode::Look).await
    }

    /// As [`RateLimiter::reset`](super::RateLimiter::reset), for these limits and subjects.
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
    /// limiter.ask().by("api", "alice")?.reset().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn reset(self) -> Result<()> {
        let keys: Vec<_> = self.checks.into_iter().map(|(_, key)| key).collect();
        self.limits.reset(&keys).await
    }
}

/// Without the keys, which may contain subjects.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("cost", &self.cost).finish_non_exhaustive()
    }
}
