//! `Policy`: how long a value lives and who may load it.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// The lifetime of a value for which nothing else is said.
pub const DEFAULT_TTL: Duration = Duration::from_mins(5);
/// The bound on one cache operation.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a lease is held for one load. A load that takes longer returns its value but may not store it.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(10);
/// How long a caller waits for somebody else's load before it loads by itself.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// Who waits for whom on a miss.
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

/// How the values of a region, or of one call, are kept. What is not set falls back: call, region, cache, default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    pub(crate) ttl: Option<Duration>,
    pub(crate) stale: Option<Duration>,
    pub(crate) none_ttl: Option<Duration>,
    pub(crate) jitter: Option<f64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) lease: Option<Duration>,
    pub(crate) wait: Option<Duration>,
    pub(crate) single_flight: Option<SingleFlight>,
}

impl Policy {
    /// A policy that leaves everything to its fallbacks.
    pub fn new() -> Self {
        Policy::default()
    }

    /// Hard lifetime of a value. Default: 5 minutes.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// How long past `ttl` the value may be served while one caller refreshes it, or when the load fails.
    /// Default: not at all.
    #[must_use]
    pub fn stale(mut self, stale: Duration) -> Self {
        self.stale = Some(stale);
        self
    }

    /// Stores `None` too, for this long. Default: `None` is not stored.
    #[must_use]
    pub fn none_ttl(mut self, none_ttl: Duration) -> Self {
        self.none_ttl = Some(none_ttl);
        self
    }

    /// Shortens each lifetime by a random share of up to this fraction (0.1 is 10 %), so that values stored
    /// together do not expire together. Default: 0.
    #[must_use]
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = Some(fraction);
        self
    }

    /// Bound on one cache operation. Default: 50 ms.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long a load keeps the others out. Default: 10 s.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// How long to wait for somebody else's load before loading. Default: 5 s.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// Who waits for whom on a miss. Default: [`SingleFlight::Cluster`].
    #[must_use]
    pub fn single_flight(mut self, mode: SingleFlight) -> Self {
        self.single_flight = Some(mode);
        self
    }

    /// This policy, with what it leaves open taken from `fallback`.
    #[must_use]
    pub fn or(&self, fallback: &Policy) -> Self {
        Policy {
            ttl: self.ttl.or(fallback.ttl),
            stale: self.stale.or(fallback.stale),
            none_ttl: self.none_ttl.or(fallback.none_ttl),
            jitter: self.jitter.or(fallback.jitter),
            timeout: self.timeout.or(fallback.timeout),
            lease: self.lease.or(fallback.lease),
            wait: self.wait.or(fallback.wait),
            single_flight: self.single_flight.or(fallback.single_flight),
        }
    }

    /// Rejects settings that cannot work.
    pub(crate) fn validate(&self, whose: &str) -> Result<()> {
        let durations = [
            ("ttl", self.ttl),
            ("none_ttl", self.none_ttl),
            ("timeout", self.timeout),
            ("lease", self.lease),
            ("wait", self.wait),
        ];
        for (name, value) in durations {
            if value.is_some_and(|duration| duration < Duration::from_millis(1)) {
                return Err(config_error(
                    whose,
                    format!("{name} is {value:?}: expected at least 1 ms"),
                ));
            }
        }
        match self.jitter {
            Some(jitter) if !(0.0..=1.0).contains(&jitter) => Err(config_error(
                whose,
                format!("jitter is {jitter}: expected a fraction from 0 to 1"),
            )),
            _ => Ok(()),
        }
    }
}

fn config_error(whose: &str, what: String) -> Error {
    Error::new(ErrorKind::Config, format!("policy of {whose}: {what}"))
}
