//! `Lookup`: one read, with everything that is decided before the store is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::{self, Millis};
use crate::engine::Engine;
use crate::engine::draft::TypeOf;
use crate::engine::flight::FlightKey;
use crate::engine::retry_queue::Coverage;
use crate::entry::{Codec, Entry, TagStamp, Token};
use crate::error::Result;
use crate::key::{Key, StoredKey, Tag};
use crate::policy::{Policy, Resolved};
use crate::region::Region;
use crate::store::{Call, Store};

/// One read.
#[derive(Debug, Clone)]
pub(crate) struct Lookup {
    pub(crate) region: Arc<Region>,
    pub(crate) key: StoredKey,
    pub(crate) tags: Vec<Tag>,
    pub(crate) tag_keys: Vec<StoredKey>,
    pub(crate) policy: Resolved,
    /// What had not been delivered when the read began.
    pub(crate) undelivered: Coverage,
    pub(crate) type_of: TypeOf,
    /// Whether the caller can take a cached `None`.
    pub(crate) takes_none: bool,
    /// Whether a broken cache fails the call. Otherwise the caller loads.
    pub(crate) propagates: bool,
    /// Whether an entry past its ttl may be served while another caller loads.
    pub(crate) serves_stale: fn(&Entry, Millis) -> bool,
    /// The format of what is stored.
    pub(crate) codec: Codec,
    pub(crate) started: Instant,
}

/// What a [`Lookup`] is made of.
#[derive(Debug)]
pub(crate) struct LookupSpec<'a> {
    pub(crate) region: &'a str,
    pub(crate) key: &'a Key,
    pub(crate) tags: &'a [Tag],
    /// The policies of the call and of its attribute.
    pub(crate) policies: [&'a Policy; 2],
    pub(crate) type_of: TypeOf,
}

impl Lookup {
    pub(crate) fn new(engine: &Engine, spec: &LookupSpec<'_>) -> Self {
        let region = engine.region(spec.region);
        let policy = region.resolve(spec.policies);
        let layers = spec.policies.iter().flat_map(|policy| &policy.tags);
        let tags = region.tags(policy.consistency, spec.tags.iter().chain(layers));
        let key = engine.namespace().key(spec.key);
        let tag_keys: Vec<_> = tags.iter().map(|tag| engine.namespace().tag(tag)).collect();
        Lookup {
            undelivered: engine.retry_queue.coverage(&key, &tag_keys, region.id),
            key,
            tag_keys,
            tags,
            policy,
            type_of: spec.type_of,
            takes_none: false,
            propagates: false,
            serves_stale: |_, _| true,
            codec: Codec::Json,
            started: clock::now(),
            region,
        }
    }
}

impl Lookup {
    /// Whether this caller can read `entry`.
    pub(super) fn can_read(&self, entry: &Entry) -> bool {
        entry.codec.is_some()
            && entry.fingerprint == self.type_of.fingerprint
            && entry.schema == self.type_of.schema
            && (self.takes_none || !entry.none)
    }

    /// Fails, and counts it, if no entry can hold the declared tags.
    pub(super) fn check_tags(&self) -> Result<()> {
        self.region.check_tags(self.tags.len())
    }

    pub(super) fn may_serve_stale(&self, entry: &Entry) -> bool {
        (self.serves_stale)(entry, clock::now_ms())
    }

    pub(super) fn flight_key(&self, bypasses: bool) -> FlightKey {
        FlightKey { key: self.key.clone(), fingerprint: self.type_of.fingerprint, bypasses }
    }

    /// One operation of this read.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub(in crate::engine) fn call<'s>(&'s self, store: &'s Store) -> Result<Call<'s>> {
        store.call(&self.region, self.policy.timeout)
    }

    /// How long this caller still waits for others.
    pub(super) fn time_left(&self) -> Duration {
        (self.started + self.policy.wait).saturating_duration_since(clock::now())
    }

    /// The declared tags that have an id, with it.
    pub(super) fn stamps(&self, ids: &[Option<Token>]) -> Vec<TagStamp> {
        let known = self.tags.iter().zip(ids).filter_map(|(tag, id)| id.map(|id| (tag, id)));
        known.map(|(tag, id)| TagStamp { name: tag.as_str().into(), id }).collect()
    }
}
