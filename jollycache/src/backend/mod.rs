//! Backends: the stores of entries. They handle bytes only; each call is one step of the protocol, atomic on its key.
//!
//! [docs/semantics.md](crate::docs::semantics) describes the operations. An implementation of [`Backend`] has the core, and the capabilities that its
//! store offers; [`crate::test_util::conformance`] tests both.

mod capability;
mod contract;
mod info;
#[cfg(feature = "memory")]
mod memory;
mod notify;
mod pulse;
#[cfg(any(feature = "memory", feature = "rate-limit"))]
mod rate_store;
#[cfg(feature = "redis")]
mod redis;
mod require;
pub mod state;

pub use self::capability::{Capability, Counters, Keyspace, Lifetimes, Locks, RateLimits, Rosters, Topics};
pub use self::contract::Backend;
pub use self::info::BackendInfo;
#[cfg(feature = "memory")]
pub use self::memory::{DEFAULT_MAX_BYTES, MemoryBackend};
pub use self::notify::{Delivery, SUBSCRIPTION_BUFFER, Signal, Subscribers, Subscription, Watch, Watchers};
pub use self::pulse::Pulse;
#[cfg(any(feature = "memory", feature = "rate-limit"))]
pub(crate) use self::rate_store::RateStore;
#[cfg(feature = "redis")]
pub use self::redis::{RedisBackend, RedisBuilder};

pub use crate::entry::{
    Codec, Draft, Entry, Fingerprint, MAX_RECORD_TAGS, Record, RegionId, RunId, TagStamp, Token, Version,
    decode_record, encode_entry, record_run,
};
pub use crate::protocol::{
    Filled, Inspection, Lease, LeaseMode, LeaseRequest, LockAnswer, MAX_LOG_QUOTA, MAX_RATE_REQUESTS,
    MAX_RATE_WINDOW, RateAlgorithm, RateMode, RateRequest, RateRule, RateVerdict, Read, ScanCursor, ScanPage,
    Selection, WriteEnd,
};
