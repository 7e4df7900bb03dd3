//! The capabilities of a backend, or the error that one is missing.

use super::Backend;
#[cfg(feature = "rate-limit")]
use super::capability::RateLimits;
use super::capability::{Capability, Counters, Keyspace, Lifetimes, Locks, Topics};
use crate::error::Result;

impl dyn Backend {
    /// Whether this backend declares `capability`.
    pub fn supports(&self, capability: Capability) -> bool {
        match capability {
            Capability::Locks => self.locks().is_some(),
            Capability::Counters => self.counters().is_some(),
            Capability::RateLimits => self.rate_limits().is_some(),
            Capability::Topics => self.topics().is_some(),
            Capability::Lifetimes => self.lifetimes().is_some(),
            Capability::Keyspace => self.keyspace().is_some(),
            Capability::Rosters => self.rosters().is_some(),
        }
    }

    /// Checks that this backend declares `capability`, for `operation`, which an error names.
    pub(crate) fn require(&self, capability: Capability, operation: &str) -> Result<()> {
        if self.supports(capability) { Ok(()) } else { Err(capability.missing(operation, self.name())) }
    }

    /// As [`Backend::locks`], for `operation`, which an error names.
    pub(crate) fn require_locks(&self, operation: &str) -> Result<&dyn Locks> {
        self.locks().ok_or_else(|| Capability::Locks.missing(operation, self.name()))
    }

    /// As [`Backend::counters`], for `operation`.
    pub(crate) fn require_counters(&self, operation: &str) -> Result<&dyn Counters> {
        self.counters().ok_or_else(|| Capability::Counters.missing(operation, self.name()))
    }

    /// As [`Backend::rate_limits`], for `operation`.
    #[cfg(feature = "rate-limit")]
    pub(crate) fn require_rate_limits(&self, operation: &str) -> Result<&dyn RateLimits> {
        self.rate_limits().ok_or_else(|| Capability::RateLimits.missing(operation, self.name()))
    }

    /// As [`Backend::topics`], for `operation`.
    pub(crate) fn require_topics(&self, operation: &str) -> Result<&dyn Topics> {
        self.topics().ok_or_else(|| Capability::Topics.missing(operation, self.name()))
    }

    /// As [`Backend::lifetimes`], for `operation`.
    pub(crate) fn require_lifetimes(&self, operation: &str) -> Result<&dyn Lifetimes> {
        self.lifetimes().ok_or_else(|| Capability::Lifetimes.missing(operation, self.name()))
    }

    /// As [`Backend::keyspace`], for `operation`.
    pub(crate) fn require_keyspace(&self, operation: &str) -> Result<&dyn Keyspace> {
        self.keyspace().ok_or_else(|| Capability::Keyspace.missing(operation, self.name()))
    }
}
