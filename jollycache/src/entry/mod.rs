//! Entries: a value's bytes and the header they are stored with.

mod fingerprint;
mod record;
mod run;
mod version;

use std::time::Duration;

use bytes::Bytes;

pub use fingerprint::Fingerprint;
pub use record::{MAX_RECORD_TAGS, Record, decode_record, encode_entry, record_run};
pub use run::RunId;
pub use version::Version;

use crate::clock::Millis;

/// Which format a payload is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// JSON, by `serde_json`.
    Json,
    /// An HTTP response: its head in a binary form, and its body.
    Http,
}

impl Codec {
    pub(crate) const fn id(self) -> u8 {
        match self {
            Codec::Json => 1,
            Codec::Http => 2,
        }
    }

    pub(crate) const fn from_id(id: u8) -> Option<Self> {
        match id {
            1 => Some(Codec::Json),
            2 => Some(Codec::Http),
            _ => None,
        }
    }
}

/// A region's name as entries and leases hold it: the first 32 bits of its SHA-256.
///
/// Two regions that collide share their evictions of a whole region: too much is evicted, never too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegionId(pub u32);

impl RegionId {
    /// The id of the region called `name`.
    pub fn of(name: &str) -> Self {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(name.as_bytes());
        RegionId(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
    }
}

/// 128 random bits. Never used twice, so that equality proves identity: a lease's owner, a tag's life.
///
/// The first half of a lease's token is its lineage, which passes to the token that takes the lease over.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub [u8; 16]);

/// How much of a token is the lineage of its lease. The Redis scripts have the same number.
const LINEAGE_BYTES: usize = 8;

impl Token {
    /// A new random token.
    pub fn random() -> Self {
        Token(rand::random())
    }

    /// This token with the lineage of `lease`.
    #[must_use]
    pub fn succeeding(self, lease: Token) -> Self {
        let mut next = self;
        next.0[..LINEAGE_BYTES].copy_from_slice(&lease.0[..LINEAGE_BYTES]);
        next
    }

    /// Whether both are of one lease, which one may have taken over from the other.
    #[must_use]
    pub fn has_lineage_of(self, other: Token) -> bool {
        self.0[..LINEAGE_BYTES] == other.0[..LINEAGE_BYTES]
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({:032x})", u128::from_be_bytes(self.0))
    }
}

/// A tag's name (without namespace) and the id it had before the value was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TagStamp {
    /// The tag, escaped.
    pub name: Box<str>,
    /// Its id at that time.
    pub id: Token,
}

/// A value that is to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Draft {
    /// The region it belongs to.
    pub region: RegionId,
    /// Whether it stands for `None`; the payload is empty then.
    pub none: bool,
    /// The format of the payload.
    pub codec: Codec,
    /// The user's number of the value's format.
    pub schema: u16,
    /// The value's type.
    pub fingerprint: Fingerprint,
    /// How long the load took, in microseconds.
    pub cost_us: u32,
    /// The source's own version of the value; an older one than what was stored or evicted is refused.
    pub version: Option<Version>,
    /// The tags, with the ids read before the load.
    pub tags: Vec<TagStamp>,
    /// How long it is fresh.
    pub ttl: Duration,
    /// How long after that it may be served stale.
    pub stale: Duration,
    /// The value.
    pub payload: Bytes,
}

impl Draft {
    /// A value without tags, version or stale window, which took no time to load.
    pub fn new(
        region: RegionId,
        codec: Codec,
        fingerprint: Fingerprint,
        ttl: Duration,
        payload: Bytes,
    ) -> Self {
        Draft {
            region,
            none: false,
            codec,
            schema: 0,
            fingerprint,
            cost_us: 0,
            version: None,
            tags: Vec::new(),
            ttl,
            stale: Duration::ZERO,
            payload,
        }
    }
}

/// A stored value. A backend gets it from [`Entry::from_draft`], or from `decode_record`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Entry {
    /// The region it belongs to.
    pub region: RegionId,
    /// Whether it stands for `None`.
    pub none: bool,
    /// The format of the payload, or `None` when this build does not know it.
    pub codec: Option<Codec>,
    /// The user's number of the value's format.
    pub schema: u16,
    /// The value's type.
    pub fingerprint: Fingerprint,
    /// How long the load took, in microseconds.
    pub cost_us: u32,
    /// When it was stored, by the backend's clock.
    pub created: Millis,
    /// Until when it is fresh, by the backend's clock.
    pub fresh_until: Millis,
    /// The source's own version of the value.
    pub version: Option<Version>,
    /// The tags, with the ids read before the load.
    pub tags: Vec<TagStamp>,
    /// The value.
    pub payload: Bytes,
}

impl Entry {
    /// The entry that `draft` becomes when it is stored at `now`.
    pub fn from_draft(draft: &Draft, now: Millis) -> Self {
        Entry {
            region: draft.region,
            none: draft.none,
            codec: Some(draft.codec),
            schema: draft.schema,
            fingerprint: draft.fingerprint,
            cost_us: draft.cost_us,
            version: draft.version,
            created: now,
            fresh_until: now.saturating_add(crate::clock::as_millis(draft.ttl)),
            tags: draft.tags.clone(),
            payload: draft.payload.clone(),
        }
    }

    /// Whether `ttl` is not over at `now`.
    pub fn is_fresh(&self, now: Millis) -> bool {
        now < self.fresh_until
    }

    /// Whether the entry was stored under each of these ids.
    pub fn carries(&self, live: &[TagStamp]) -> bool {
        live.iter().all(|tag| self.tags.contains(tag))
    }
}
