// The first definition of a link counts: here the README's links lead to the guides' modules, elsewhere to their files.
//! [docs/admin.md]: crate::docs::admin
//! [docs/http.md]: crate::docs::http
//! [docs/keys.md]: crate::docs::keys
//! [docs/metrics.md]: crate::docs::metrics
//! [docs/operations.md]: crate::docs::operations
//! [docs/performance.md]: crate::docs::performance
//! [docs/rate-limits.md]: crate::docs::rate_limits
//! [docs/semantics.md]: crate::docs::semantics
//! [docs/sessions.md]: crate::docs::sessions
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(clippy::duplicate_mod, reason = "flights are compiled once more for `flight::schedules`")
)]

#[doc(hidden)]
pub mod __private;
#[cfg(feature = "admin")]
pub mod admin;
pub mod backend;
mod cache;
mod call_report;
mod clock;
#[cfg(any(doc, doctest))]
pub mod docs;
mod engine;
mod entry;
mod error;
mod event;
#[cfg(feature = "http")]
pub mod http;
pub mod key;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod policy;
mod protocol;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
mod region;
#[cfg(feature = "session")]
pub mod session;
mod store;
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
pub use crate::call_report::{CallReport, Calls, MAX_REPORTS, Operation, Outcome, collect};
pub use crate::entry::Version;
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::event::{InvalidationEvent, MAX_EVENT_BYTES, Origin};
pub use crate::key::{Key, KeyBuilder, KeyPart, KeyWriter, Namespace, Pattern, Tag};
pub use crate::policy::{Consistency, Policy, SingleFlight};
pub use crate::tracker::{Age, AuditFindings, AuditReport, ConsistencyTracker, Latency, RegionStats, Stats};
pub use crate::value::Value;
