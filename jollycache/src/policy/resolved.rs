//! `Resolved`: a policy after its fallbacks are applied.

use std::time::Duration;

use super::{
    Consistency, DEFAULT_INTENT, DEFAULT_LEASE, DEFAULT_TIMEOUT, DEFAULT_TTL, DEFAULT_WAIT, Policy,
    SingleFlight,
};

/// Upper bound of each duration, ten years. Longer ones are reduced to it, so that no sum overflows.
const LONGEST: Duration = Duration::from_secs(24 * 365 * 10 * 60 * 60);

/// A policy in which every setting has a value.
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
    /// Takes each setting from the first of `layers` that has it, or its default.
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

    /// A lifetime shortened by the share `chance` (0 to 1) of the jitter.
    pub(crate) fn spread(&self, ttl: Duration, chance: f64) -> Duration {
        ttl.mul_f64(1.0 - (self.jitter * chance).clamp(0.0, 1.0)).max(Duration::from_millis(1))
    }
}
