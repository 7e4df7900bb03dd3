//! `Policy`: how long a value lives, and how misses are loaded.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::key::Tag;

pub use crate::entry::MAX_RECORD_TAGS as MAX_TAGS;

/// The lifetime of a value for which none is set.
pub const DEFAULT_TTL: Duration = Duration::from_secs(5 * 60);
/// The bound on one cache operation.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a lease is held for one load. A load that takes longer returns its value but may not store it.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(10);
/// How long a write intent lives if its writer never ends it.
pub const DEFAULT_INTENT: Duration = Duration::from_secs(10);
/// How long a caller waits for another caller's load before it loads by itself.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// Refuses more tags than an entry can hold.
///
/// # Errors
/// [`ErrorKind::Config`], with the number found and the number allowed.
pub(crate) fn check_tags(found: usize) -> Result<()> {
    if found <= MAX_TAGS {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, format!("an entry of {found} tags: expected at most {MAX_TAGS}")))
}

/// The longest duration; longer ones are cut to it, so that no sum overflows.
const LONGEST: Duration = Duration::from_secs(24 * 365 * 10 * 60 * 60);

/// Which callers wait for one load on a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SingleFlight {
    /// One load for all processes; the default.
    #[default]
    Cluster,
    /// One load in each process.
    Local,
    /// Every miss loads.
    Off,
}

/// What an invalidation promises to readers; [docs/semantics.md](crate::docs::semantics) has the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Consistency {
    /// A read that starts after an invalidation was acknowledged never sees what it invalidated.
    Strict,
    /// The same for what is read from the backend. There is no near cache yet, so it is the same as `Strict`.
    #[default]
    Bounded,
    /// Only expiry and evictions of keys count: entries carry no tags, and reads do not look at any.
    Ttl,
}

/// How the values of a region, or of one call, are kept.
///
/// Settings of a region at start-up take precedence over those of a call or an attribute. What neither sets is taken from
/// the cache's default policy, and then from the defaults given at each setter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    pub(crate) region: Option<Cow<'static, str>>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) stale: Option<Duration>,
    pub(crate) none_ttl: Option<Duration>,
    pub(crate) jitter: Option<f64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) lease: Option<Duration>,
    pub(crate) wait: Option<Duration>,
    pub(crate) single_flight: Option<SingleFlight>,
    pub(crate) grace: Option<Duration>,
    pub(crate) intent: Option<Duration>,
    pub(crate) consistency: Option<Consistency>,
}

impl Policy {
    /// A policy that sets nothing.
    pub(crate) const UNSET: Policy = Policy {
        region: None,
        tags: Vec::new(),
        ttl: None,
        stale: None,
        none_ttl: None,
        jitter: None,
        timeout: None,
        lease: None,
        wait: None,
        single_flight: None,
        grace: None,
        intent: None,
        consistency: None,
    };

    /// A policy that leaves everything to its fallbacks.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// assert_eq!(Policy::new(), Policy::default());
    /// ```
    pub const fn new() -> Self {
        Policy::UNSET
    }

    /// The region that the values belong to, for calls by hand. Default: `default`.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// let policy = Policy::new().region("product");
    /// ```
    #[must_use]
    pub fn region(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.region = Some(name.into());
        self
    }

    /// Adds a tag to the values. An entry is valid only as long as none of its tags is evicted.
    /// Default: no tags. At most [`MAX_TAGS`], with those of the attribute and of the region: a cache with a policy of more
    /// is not built, a put of more fails, and a loaded value of more is returned and not stored, which is counted.
    ///
    /// ```
    /// # use jollycache::{Key, Policy};
    /// let policy = Policy::new().tag("products").tag(Key::builder().literal("category:").part("tea"));
    /// ```
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Hard lifetime of a value. Default: 5 minutes.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().ttl(Duration::from_secs(30 * 60));
    /// ```
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// How long past `ttl` the value may be served while one caller refreshes it, or when the load fails.
    /// Default: not at all.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().stale(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn stale(mut self, stale: Duration) -> Self {
        self.stale = Some(stale);
        self
    }

    /// Stores `None` too, for this long. Default: `None` is not stored.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().none_ttl(Duration::from_secs(10));
    /// ```
    #[must_use]
    pub fn none_ttl(mut self, none_ttl: Duration) -> Self {
        self.none_ttl = Some(none_ttl);
        self
    }

    /// Shortens each lifetime by a random share of up to this fraction (0.1 is 10 %), so that values stored
    /// together do not expire together. Default: 0.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().ttl(Duration::from_secs(60)).jitter(0.1); // 54 to 60 s
    /// ```
    #[must_use]
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = Some(fraction);
        self
    }

    /// Bound on one cache operation. Default: 50 ms.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().timeout(Duration::from_millis(20));
    /// ```
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long a load keeps the others out. Default: 10 s. One that takes longer returns its value to its caller and to
    /// no other caller, and the next one loads.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().lease(Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// How long to wait for another caller's load before loading. Default: 5 s.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().wait(Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// Which callers wait for one load on a miss. Default: [`SingleFlight::Cluster`].
    ///
    /// ```
    /// # use jollycache::{Policy, SingleFlight};
    /// let policy = Policy::new().single_flight(SingleFlight::Local);
    /// ```
    #[must_use]
    pub fn single_flight(mut self, mode: SingleFlight) -> Self {
        self.single_flight = Some(mode);
        self
    }

    /// How long after an invalidation nothing is stored that was loaded: at least the lag of the replica that loads
    /// read from. Default: 0.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().grace(Duration::from_secs(2));
    /// ```
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// How long a write intent lives if its writer never ends it: longer than the longest transaction.
    /// Default: 10 s.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().intent(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn intent(mut self, intent: Duration) -> Self {
        self.intent = Some(intent);
        self
    }

    /// What an invalidation promises to readers. Default: [`Consistency::Bounded`].
    ///
    /// ```
    /// # use jollycache::{Consistency, Policy};
    /// let policy = Policy::new().consistency(Consistency::Strict);
    /// ```
    #[must_use]
    pub fn consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = Some(consistency);
        self
    }

    /// Rejects settings that cannot work.
    pub(crate) fn validate(&self, whose: &str) -> Result<()> {
        let durations = [
            ("ttl", self.ttl),
            ("none_ttl", self.none_ttl),
            ("timeout", self.timeout),
            ("lease", self.lease),
            ("wait", self.wait),
            ("intent", self.intent),
        ];
        for (name, value) in durations {
            if value.is_some_and(|duration| duration < Duration::from_millis(1)) {
                return Err(config_error(whose, &format!("{name} is {value:?}: expected at least 1 ms")));
            }
        }
        let tags: BTreeSet<_> = self.tags.iter().collect();
        check_tags(tags.len()).map_err(|error| config_error(whose, &error.to_string()))?;
        match self.jitter {
            Some(jitter) if !(0.0..=1.0).contains(&jitter) => {
                Err(config_error(whose, &format!("jitter is {jitter}: expected a fraction from 0 to 1")))
            }
            _ => Ok(()),
        }
    }
}

/// A policy with nothing left open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolved {
    pub(crate) ttl: Duration,
    pub(crate) stale: Duration,
    pub(crate) none_ttl: Option<Duration>,
    pub(crate) jitter: f64,
    pub(crate) timeout: Duration,
    pub(crate) lease: Duration,
    pub(crate) wait: Duration,
    pub(crate) single_flight: SingleFlight,
    pub(crate) grace: Duration,
    pub(crate) intent: Duration,
    pub(crate) consistency: Consistency,
}

impl Resolved {
    /// Each setting from the first of `layers` that has it, or its default.
    pub(crate) fn of(layers: &[&Policy]) -> Self {
        fn first<T: Copy>(layers: &[&Policy], get: impl Fn(&Policy) -> Option<T>) -> Option<T> {
            layers.iter().find_map(|policy| get(policy))
        }
        Resolved {
            ttl: first(layers, |policy| policy.ttl).unwrap_or(DEFAULT_TTL).min(LONGEST),
            stale: first(layers, |policy| policy.stale).unwrap_or_default().min(LONGEST),
            none_ttl: first(layers, |policy| policy.none_ttl).map(|none_ttl| none_ttl.min(LONGEST)),
            jitter: first(layers, |policy| policy.jitter).unwrap_or_default(),
            timeout: first(layers, |policy| policy.timeout).unwrap_or(DEFAULT_TIMEOUT),
            lease: first(layers, |policy| policy.lease).unwrap_or(DEFAULT_LEASE).min(LONGEST),
            wait: first(layers, |policy| policy.wait).unwrap_or(DEFAULT_WAIT).min(LONGEST),
            single_flight: first(layers, |policy| policy.single_flight).unwrap_or_default(),
            grace: first(layers, |policy| policy.grace).unwrap_or_default().min(LONGEST),
            intent: first(layers, |policy| policy.intent).unwrap_or(DEFAULT_INTENT).min(LONGEST),
            consistency: first(layers, |policy| policy.consistency).unwrap_or_default(),
        }
    }

    /// A lifetime shortened by chance; `chance` is from 0 to 1.
    pub(crate) fn spread(&self, ttl: Duration, chance: f64) -> Duration {
        ttl.mul_f64(1.0 - (self.jitter * chance).clamp(0.0, 1.0)).max(Duration::from_millis(1))
    }
}

fn config_error(whose: &str, what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("policy of {whose}: {what}"))
}
