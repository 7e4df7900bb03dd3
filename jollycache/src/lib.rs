//! A caching framework for async Rust: one attribute on an `async fn`, and the function is cached, protected from
//! stampedes, evicted when it should be, and never serves a value that was invalidated.

#![cfg_attr(
    test,
    allow(clippy::duplicate_mod, reason = "flights are compiled once more for `flight_schedules`")
)]

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
#[cfg(feature = "admin")]
pub mod admin;
pub mod backend;
mod cache;
mod calls;
mod clock;
mod engine;
pub mod entry;
mod error;
mod event;
#[cfg(feature = "http")]
pub mod http;
pub mod key;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod policy;
pub mod protocol;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
#[cfg(feature = "session")]
pub mod session;
#[cfg(feature = "test-util")]
pub mod test_util;
pub mod tracker;
mod value;

#[cfg(feature = "macros")]
pub use jollycache_macros::*;

#[cfg(feature = "memory")]
pub use crate::backend::MemoryBackend;
#[cfg(feature = "redis")]
pub use crate::backend::{RedisBackend, RedisBuilder};
pub use crate::cache::{
    Audit, Cache, CacheBuilder, Events, Invalidation, Invalidator, InvalidatorBuilder, KeyPage,
    LoaderProgress, LockBuilder, LockGuard, Notice, WarmUp, WarmUpBuilder, WarmUpProgress, WriteGuard,
    bypass, install, refresh, scope,
};
pub use crate::calls::{CallReport, Calls, MAX_REPORTS, Operation, Outcome, collect};
pub use crate::entry::Version;
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::event::{InvalidationEvent, MAX_EVENT_BYTES, Origin};
pub use crate::key::{Key, KeyBuilder, KeyPart, KeyWriter, Namespace, Pattern, Tag};
pub use crate::policy::{Consistency, Policy, SingleFlight};
pub use crate::tracker::{Age, AuditFindings, AuditReport, ConsistencyTracker, Latency, RegionStats, Stats};
pub use crate::value::Value;
