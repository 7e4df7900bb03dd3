//! `MemoryBackend`: the protocol in this process, on moka.

mod capabilities;
mod keyspace;
mod operations;
mod rosters;
mod slots;
mod tags;

use std::fmt;

use moka::policy::EvictionPolicy;
use moka::sync::Cache as Store;

use self::capabilities::Counter;
use self::rosters::RosterMap;
use super::RateStore;
use super::notify::{Subscribers, Watchers};
use crate::entry::RunId;
use crate::key::StoredKey;
use crate::protocol::{LockSlot, Slot, TagSlot};

/// How many bytes of keys and payloads a [`MemoryBackend`] keeps by default.
pub const DEFAULT_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// How many tag ids, counters and locks it keeps, each; the capacity eviction of a tag id makes misses of its entries.
const MAX_TAGS: u64 = 1_000_000;

/// The run of every such store: nothing outlives the process.
const RUN: RunId = RunId([0; 4]);

/// Entries in this process's memory, with a bound on their size.
///
/// The same protocol as on a server, for one process: for tests, for small services, and for a start without a server.
/// Nothing outlives the process. When the bound is reached, the least recently used entries are evicted first (capacity
/// eviction). It has every capability.
///
/// ```
/// use jollycache::MemoryBackend;
///
/// let backend = MemoryBackend::with_max_bytes(16 * 1024 * 1024);
/// ```
pub struct MemoryBackend {
    slots: Store<StoredKey, Slot>,
    tags: Store<StoredKey, TagSlot>,
    counters: Store<StoredKey, Counter>,
    locks: Store<StoredKey, LockSlot>,
    rates: RateStore,
    rosters: RosterMap,
    watchers: Watchers,
    subscribers: Subscribers,
}

impl MemoryBackend {
    /// A store of at most 256 MiB.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn new() -> Self {
        MemoryBackend::with_max_bytes(DEFAULT_MAX_BYTES)
    }

    /// A store of at most `max_bytes` of keys and payloads, approximately.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// let backend = MemoryBackend::with_max_bytes(64 << 20);
    /// let cache = Cache::builder().namespace("doc").backend(backend).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn with_max_bytes(max_bytes: u64) -> Self {
        MemoryBackend {
            slots: slots::store(max_bytes),
            tags: Store::new(MAX_TAGS),
            counters: Store::new(MAX_TAGS),
            // As for the slots: TinyLFU could refuse a new lock.
            locks: Store::builder().max_capacity(MAX_TAGS).eviction_policy(EvictionPolicy::lru()).build(),
            rates: RateStore::new(),
            rosters: RosterMap::default(),
            watchers: Watchers::default(),
            subscribers: Subscribers::default(),
        }
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        MemoryBackend::new()
    }
}

impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBackend").field("entries", &self.slots.entry_count()).finish_non_exhaustive()
    }
}
