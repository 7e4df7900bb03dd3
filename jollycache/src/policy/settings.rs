//! `Policy`, and the checks of its settings.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use super::{Consistency, MAX_TAGS, SingleFlight};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Tag;

/// Settings of the values of a region, or of one call; each is optional.
///
/// For each setting, the policy of the region ([`CacheBuilder::region`](crate::CacheBuilder::region)) overrides the call and
/// its attribute; then follow the cache's default policy, and the default given at the setter.
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
    /// A policy without settings.
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

    /// A policy without settings: each falls back to the next policy, or its default.
    ///
    /// ```
    /// # use jollycache::Policy;
    /// assert_eq!(Policy::new(), Policy::default());
    /// ```
    pub const fn new() -> Self {
        Policy::UNSET
    }

    /// The region of the values, for calls on [`Cache`](crate::Cache). Default: `default`.
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

    /// Adds a tag to the values. An entry is valid only as long as none of its tags is evicted. Default: no tags.
    ///
    /// At most [`MAX_TAGS`], including those of the attribute and the region. With more, a policy is refused by
    /// [`CacheBuilder::build`](crate::CacheBuilder::build), a put fails, and a loaded value is returned, counted and not stored.
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

    /// Lifetime of a value, from its fill. Default: 5 minutes.
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

    /// Time after `ttl` in which the value is served while one caller refreshes it, or when the load fails. Default: 0.
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

    /// Lifetime of a stored `None`. Default: `None` is not stored.
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

    /// Maximum time of one operation on the backend. Default: 50 ms.
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

    /// Maximum time for which a load excludes other loads of its key. A load that takes longer serves only its own caller,
    /// stores nothing, and the next caller loads. Default: 10 s.
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

    /// Maximum time to wait for another caller's load before loading without storing. Default: 5 s.
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

    /// Which concurrent callers share a load. Default: [`SingleFlight::Cluster`].
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

    /// Time after an invalidation in which no loaded value is stored: at least the lag of the replica that loads read from.
    /// Default: 0.
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

    /// Lifetime of a write intent whose writer does not end it: longer than the longest transaction. Default: 10 s.
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

    /// The guarantee of an invalidation to later reads. Default: [`Consistency::Bounded`].
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

    /// Rejects settings out of range.
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

/// Refuses more tags than an entry can hold.
///
/// # Errors
/// [`ErrorKind::Config`], with the found and the allowed number.
pub(crate) fn check_tags(found: usize) -> Result<()> {
    if found <= MAX_TAGS {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, format!("an entry of {found} tags: expected at most {MAX_TAGS}")))
}

fn config_error(whose: &str, what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("policy of {whose}: {what}"))
}
