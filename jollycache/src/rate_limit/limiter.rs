//! `RateLimiter`: asks the backend, and itself where that fails.

use std::fmt;
use std::sync::Arc;

use super::builder::RateLimiterBuilder;
use super::decision::{Decision, LimitDecision};
use super::limit::{Checked, config};
use super::local::Local;
use super::stats::{self, LimitStats};
use crate::backend::{RateMode, RateRequest, RateVerdict};
use crate::cache::Cache;
use crate::engine::Engine;
use crate::error::Result;
use crate::key::{KeyPart, Segment, StoredKey};
use crate::store::Call;

/// Limits how many requests of a subject pass, together with all limiters of the same limits on the same namespace.
/// Cheap to clone; clones are one limiter.
///
/// A subject is whoever or whatever is counted: an address, a user, a route, a tuple of them. A backend that fails
/// never fails a request: meanwhile the process counts by itself, up to its
/// [share](RateLimiterBuilder::local_share) of each limit, and says so ([`Decision::degraded`]).
///
/// Futures that are dropped have taken from the limits, or not.
#[derive(Clone)]
pub struct RateLimiter(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) engine: Arc<Engine>,
    pub(super) limits: Vec<Checked>,
    pub(super) local: Local,
    pub(super) hash_subjects: bool,
}

impl RateLimiter {
    /// Starts a limiter's settings; it counts where `cache` keeps its entries.
    pub fn builder(cache: &Cache) -> RateLimiterBuilder {
        RateLimiterBuilder::new(cache)
    }

    /// Asks all limits about one subject, and takes one request from each if all have room, from none if not.
    pub async fn check<S: KeyPart + ?Sized>(&self, subject: &S) -> Decision {
        self.check_n(subject, 1).await
    }

    /// As [`RateLimiter::check`], for a request that counts as `cost` requests; zero takes nothing and is allowed.
    pub async fn check_n<S: KeyPart + ?Sized>(&self, subject: &S, cost: u64) -> Decision {
        self.about(subject).cost(cost).check().await
    }

    /// What [`RateLimiter::check`] would say, without taking anything; `remaining` is what is there before.
    pub async fn peek<S: KeyPart + ?Sized>(&self, subject: &S) -> Decision {
        self.about(subject).peek().await
    }

    /// Forgets what all limits know of a subject, here and on the backend. What other processes have counted by
    /// themselves during an outage stays.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn reset<S: KeyPart + ?Sized>(&self, subject: &S) -> Result<()> {
        self.about(subject).reset().await
    }

    /// Starts a question to some of the limits, each about a subject of its own.
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
        Question { limiter: self.clone(), asked: Vec::new(), cost: 1 }
    }

    /// What was decided so far, a limit each, in the order of the builder.
    pub fn stats(&self) -> Vec<LimitStats> {
        self.0.limits.iter().map(Checked::stats).collect()
    }

    /// All limits about one subject.
    fn about<S: KeyPart + ?Sized>(&self, subject: &S) -> Question {
        let subject = Segment::new(subject);
        let asked = (0..self.0.limits.len()).map(|place| (place, self.0.key(place, &subject))).collect();
        Question { limiter: self.clone(), asked, cost: 1 }
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.limits.iter().map(|limit| (&limit.name, &limit.rule));
        f.debug_map().entries(names).finish()
    }
}

/// A question to some limits; see [`RateLimiter::ask`]. A limit that is not named in it is not asked.
#[must_use = "nothing is asked before `check` is awaited"]
pub struct Question {
    limiter: RateLimiter,
    asked: Vec<(usize, StoredKey)>,
    cost: u64,
}

impl Question {
    /// Asks the limit `name` about `subject`; the last subject counts.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the limiter has no such limit.
    pub fn by<S: KeyPart + ?Sized>(mut self, name: &str, subject: &S) -> Result<Self> {
        let inner = &self.limiter.0;
        let place = inner.place(name)?;
        let key = inner.key(place, &Segment::new(subject));
        self.asked.retain(|(other, _)| *other != place);
        let before = self.asked.partition_point(|(other, _)| *other < place);
        self.asked.insert(before, (place, key));
        Ok(self)
    }

    /// How many requests this one counts as. Default: 1.
    pub fn cost(mut self, cost: u64) -> Self {
        self.cost = cost;
        self
    }

    /// Takes the cost from each limit if all have room, from none if not.
    pub async fn check(self) -> Decision {
        let decision = self.limiter.0.decide(&self.asked, self.cost, RateMode::Take).await;
        stats::count(&self.limiter.0.limits, &decision);
        decision
    }

    /// What [`Question::check`] would say, without taking anything; `remaining` is what is there before.
    pub async fn peek(self) -> Decision {
        self.limiter.0.decide(&self.asked, self.cost, RateMode::Look).await
    }

    /// As [`RateLimiter::reset`], for these limits and subjects.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn reset(self) -> Result<()> {
        let keys: Vec<_> = self.asked.into_iter().map(|(_, key)| key).collect();
        let inner = &self.limiter.0;
        inner.local.forget(&keys);
        inner.call()?.delete_raw(&keys).await
    }
}

/// Without the keys: they may hold subjects.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl Inner {
    /// Where the limit `name` is in the list.
    pub(super) fn place(&self, name: &str) -> Result<usize> {
        let found = self.limits.iter().position(|limit| &*limit.name == name);
        found.ok_or_else(|| {
            let names: Vec<_> = self.limits.iter().map(|limit| &*limit.name).collect();
            config(format!("there is no limit {name:?}: expected one of {names:?}"))
        })
    }

    fn key(&self, place: usize, subject: &Segment) -> StoredKey {
        let prefix = self.limits[place].prefix.clone();
        let key = if self.hash_subjects { prefix.hash(subject) } else { prefix.part(subject) };
        self.engine.namespace().rate(&key.build())
    }

    async fn decide(&self, asked: &[(usize, StoredKey)], cost: u64, mode: RateMode) -> Decision {
        if asked.is_empty() {
            return Decision::new(false, Vec::new());
        }
        match self.admit(&self.requests(asked, cost, false), mode).await {
            Ok(verdicts) => {
                self.local.rest();
                self.decision(false, asked, verdicts)
            }
            Err(error) => {
                let verdicts = self.local.admit(&error, &self.requests(asked, cost, true), mode);
                // A question has no more limits than a call, and none twice.
                self.decision(true, asked, verdicts.unwrap_or_default())
            }
        }
    }

    fn requests<'a>(
        &'a self,
        asked: &'a [(usize, StoredKey)],
        cost: u64,
        here: bool,
    ) -> Vec<RateRequest<'a>> {
        let request = |(place, key): &'a (usize, StoredKey)| {
            let limit = &self.limits[*place];
            RateRequest { key, rule: if here { &limit.local_rule } else { &limit.rule }, cost }
        };
        asked.iter().map(request).collect()
    }

    fn decision(&self, degraded: bool, asked: &[(usize, StoredKey)], verdicts: Vec<RateVerdict>) -> Decision {
        let told = asked.iter().zip(verdicts);
        let told = told.map(|((place, _), verdict)| LimitDecision::new(&self.limits[*place], verdict));
        Decision::new(degraded, told.collect())
    }

    async fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>> {
        self.call()?.admit(requests, mode).await
    }

    /// One operation on the backend, bound by the timeout of the default region.
    fn call(&self) -> Result<Call<'_>> {
        // It finds the backend again.
        self.engine.ensure_worker();
        self.engine.call()
    }
}
