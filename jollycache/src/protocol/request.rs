//! The requests of the protocol, and their answers.

use std::time::Duration;

use crate::entry::{Draft, Entry, RegionId, TagStamp, Token};
use crate::key::StoredKey;

/// An entry and the tags' live ids, read together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// The value, fresh or stale; `None` for a miss, a lease, an intent and a foreign record.
    pub entry: Option<Entry>,
    /// The live id of each requested tag, in order; `None` where the tag has none.
    pub tag_ids: Vec<Option<Token>>,
}

impl Read {
    /// An entry, and the ids of the requested tags in order.
    pub fn new(entry: Option<Entry>, tag_ids: Vec<Option<Token>>) -> Self {
        Read { entry, tag_ids }
    }
}

/// A request for the right to load.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LeaseRequest<'a> {
    /// The key to load.
    pub key: &'a StoredKey,
    /// The region of the value to come.
    pub region: RegionId,
    /// The token to be passed to [`Backend::fill`](crate::backend::Backend::fill).
    pub token: Token,
    /// How long the lease lives.
    pub ttl: Duration,
    /// The live ids of the tags that the caller declares. A stored value that carries one of these names with another
    /// id, or that lacks one of them, counts as absent.
    pub live_tags: &'a [TagStamp],
    /// What a stored value means to the caller.
    pub mode: LeaseMode,
}

impl<'a> LeaseRequest<'a> {
    /// A request of mode [`LeaseMode::Load`] that declares no tags.
    pub fn new(key: &'a StoredKey, region: RegionId, token: Token, ttl: Duration) -> Self {
        LeaseRequest { key, region, token, ttl, live_tags: &[], mode: LeaseMode::Load }
    }
}

/// What a stored value means to a request for a lease.
///
/// Exhaustive: a backend that took an unknown mode for another one would break the protocol, so a new one must not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LeaseMode {
    /// A fresh value is a hit.
    #[default]
    Load,
    /// A value counts as absent, because the caller cannot read it.
    Replace,
    /// A value stays and is leased, also a fresh one: the caller stores what it computes from it.
    Refresh,
}

/// The answer to a [`LeaseRequest`].
///
/// Exhaustive: each answer decides what its caller may do, so a new one must not be mistaken for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// There is a fresh value.
    Hit(Entry),
    /// The caller loads, then calls [`Backend::fill`](crate::backend::Backend::fill) or [`Backend::release`](crate::backend::Backend::release). There may be a stale value.
    Leased {
        /// The value that is being replaced, still served to others.
        stale: Option<Entry>,
    },
    /// Another caller loads.
    Wait {
        /// The value that may be served meanwhile.
        stale: Option<Entry>,
        /// The time until its lease ends by itself.
        remaining: Duration,
    },
    /// A write is under way, or an eviction was just now: load, and do not store.
    Bypass {
        /// The time until loads may be stored again.
        remaining: Duration,
    },
}

/// The answer to a fill.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filled {
    /// Whether the value was stored; if not, an invalidation, a write, another fill or its own end took the lease.
    pub stored: bool,
    /// The live ids of the draft's tags, read after the decision, in order.
    pub tag_ids: Vec<Option<Token>>,
}

impl Filled {
    /// Whether the value was stored, and the ids of the draft's tags in order.
    pub fn new(stored: bool, tag_ids: Vec<Option<Token>>) -> Self {
        Filled { stored, tag_ids }
    }
}

/// How a write ends.
///
/// Exhaustive, as [`LeaseMode`].
#[derive(Debug, Clone)]
pub enum WriteEnd<'a> {
    /// Store this if no other write came in between, and leave no value otherwise.
    Put(&'a Draft),
    /// Leave no value, and admit no fill for this long.
    Evict {
        /// As for [`Backend::invalidate`](crate::backend::Backend::invalidate).
        grace: Duration,
    },
}

/// One page of a scan.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ScanPage {
    /// The names found. A name may come twice, and reserved names may be among them.
    pub keys: Vec<StoredKey>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<ScanCursor>,
}

impl ScanPage {
    /// The names found, and where the next page begins.
    pub fn new(keys: Vec<StoredKey>, next: Option<ScanCursor>) -> Self {
        ScanPage { keys, next }
    }
}

/// A backend's own mark of a position in a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanCursor(pub String);

/// Selects keys for an invalidation by scan.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Selection<'a> {
    /// A glob over full stored names, `*` and `?`; nothing else is special.
    pub glob: &'a str,
    /// Only values and leases of this region.
    pub region: Option<RegionId>,
    /// As for [`Backend::invalidate`](crate::backend::Backend::invalidate).
    pub grace: Duration,
}

impl<'a> Selection<'a> {
    /// The keys that match `glob`, of `region` if it is given.
    pub fn new(glob: &'a str, region: Option<RegionId>, grace: Duration) -> Self {
        Selection { glob, region, grace }
    }
}
