//! What a backend may offer beside the core: each capability is a trait, and [`Backend`](super::Backend) has a method that
//! returns it, `None` by default.

mod counters;
mod keyspace;
mod lifetimes;
mod locks;
mod rate_limits;
mod rosters;
mod topics;

use std::fmt;

pub use counters::Counters;
pub use keyspace::Keyspace;
pub use lifetimes::Lifetimes;
pub use locks::Locks;
pub use rate_limits::RateLimits;
pub use rosters::Rosters;
pub use topics::Topics;

use crate::error::{Error, ErrorKind};

/// The name of an optional part of a backend, for error texts and for the conformance suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// [`Locks`].
    Locks,
    /// [`Counters`].
    Counters,
    /// [`RateLimits`].
    RateLimits,
    /// [`Topics`].
    Topics,
    /// [`Lifetimes`].
    Lifetimes,
    /// [`Keyspace`].
    Keyspace,
    /// [`Rosters`].
    Rosters,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Capability; 7] = [
        Capability::Locks,
        Capability::Counters,
        Capability::RateLimits,
        Capability::Topics,
        Capability::Lifetimes,
        Capability::Keyspace,
        Capability::Rosters,
    ];

    /// The error of `operation` on a backend without this capability: [`ErrorKind::Config`].
    pub(crate) fn missing(self, operation: &str, backend: &str) -> Error {
        let message = format!("`{operation}` needs {self}, which the backend `{backend}` does not support");
        Error::new(ErrorKind::Config, message)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Capability::Locks => "locks",
            Capability::Counters => "counters",
            Capability::RateLimits => "rate limits",
            Capability::Topics => "topics",
            Capability::Lifetimes => "lifetimes of stored values",
            Capability::Keyspace => "scans of its keys",
            Capability::Rosters => "rosters of near caches",
        })
    }
}
