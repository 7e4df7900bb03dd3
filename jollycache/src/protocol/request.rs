//! The words of the protocol: what a caller asks of a store, and what the store answers.

use std::time::Duration;

use crate::entry::{Draft, Entry, RegionId, TagStamp, Token};
use crate::key::StoredKey;

/// An entry and the tags' live ids, read together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// The value, fresh or stale; `None` for a miss, a lease, an intent and a foreign record.
    pub entry: Option<Entry>,
    /// The live id of each tag asked for, in order; `None` where the tag has none.
    pub tag_ids: Vec<Option<Token>>,
}

/// Asks for the right to load.
#[derive(Debug, Clone)]
pub struct LeaseRequest<'a> {
    /// What to load.
    pub key: &'a StoredKey,
    /// The region of the value to come.
    pub region: RegionId,
    /// The token that [`Backend::fill`](crate::backend::Backend::fill) will show.
    pub token: Token,
    /// How long the lease lives.
    pub ttl: Duration,
    /// The live ids of the tags the caller knows of. A stored value that carries one of these names with another
    /// id, or that lacks one of them, counts as absent.
    pub live_tags: &'a [TagStamp],
    /// What a stored value means to the caller.
    pub mode: LeaseMode,
}

/// What a stored value means to one who asks for a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LeaseMode {
    /// A fresh one is a hit.
    #[default]
    Load,
    /// It counts as absent: the caller cannot read it.
    Replace,
    /// A fresh one too is kept and leased over: the caller wants to write what follows from it.
    Refresh,
}

/// The answer to a [`LeaseRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// A fresh value is there after all.
    Hit(Entry),
    /// Load, then [`Backend::fill`](crate::backend::Backend::fill) or [`Backend::release`](crate::backend::Backend::release). A stale value may be there meanwhile.
    Leased {
        /// The value that is being replaced, still served to others.
        stale: Option<Entry>,
    },
    /// Somebody else loads.
    Wait {
        /// What may be served meanwhile.
        stale: Option<Entry>,
        /// When the other's lease ends by itself.
        remaining: Duration,
    },
    /// A writer is at work: load, and do not store.
    Bypass {
        /// When its intent ends by itself.
        remaining: Duration,
    },
}

/// The answer to a fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Whether the value was stored; if not, the lease was lost to an invalidation, a writer or its own end.
    pub stored: bool,
    /// The live ids of the draft's tags, read after the decision, in order.
    pub tag_ids: Vec<Option<Token>>,
}

/// How a write ends.
#[derive(Debug, Clone)]
pub enum WriteEnd<'a> {
    /// Store this, if nobody else wrote meanwhile; else leave nothing.
    Put(&'a Draft),
    /// Leave nothing, and let nothing be filled for this long.
    Evict {
        /// As for [`Backend::invalidate`](crate::backend::Backend::invalidate).
        grace: Duration,
    },
}

/// One page of a scan.
#[derive(Debug, Clone, Default)]
pub struct ScanPage {
    /// The names found; a name may come twice, and reserved names may be among them.
    pub keys: Vec<StoredKey>,
    /// Where to go on; `None` at the end.
    pub next: Option<ScanCursor>,
}

/// A backend's own mark of where a scan stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanCursor(pub String);

/// Selects keys for an invalidation by scan.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// A glob over full stored names, `*` and `?`; nothing else is special.
    pub glob: &'a str,
    /// Only values and leases of this region.
    pub region: Option<RegionId>,
    /// As for [`Backend::invalidate`](crate::backend::Backend::invalidate).
    pub grace: Duration,
}
