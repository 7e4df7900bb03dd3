//! What is to be stored: a value with its type, and the draft of an entry that is made of it.

use std::time::Duration;

use bytes::Bytes;

use crate::entry::{Codec, Draft, Fingerprint, TagStamp, Version};
use crate::policy::Resolved;
use crate::region::Region;

/// The type of a value, as its entry names it and its readers expect it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeOf {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) schema: u16,
}

/// A value to be stored, encoded.
#[derive(Debug)]
pub(crate) struct NewValue {
    /// Whether it is `None`, which has no payload.
    pub(crate) none: bool,
    pub(crate) payload: Bytes,
    pub(crate) type_of: TypeOf,
    pub(crate) version: Option<Version>,
    /// The lifetime, without the policy's jitter.
    pub(crate) ttl: Duration,
    /// How long past that it may be served stale.
    pub(crate) stale: Duration,
}

impl NewValue {
    /// The entry of this value in `region`, with `tags`, encoded as JSON, and loaded at no cost.
    pub(super) fn into_draft(self, region: &Region, policy: &Resolved, tags: Vec<TagStamp>) -> Draft {
        Draft {
            region: region.id,
            none: self.none,
            codec: Codec::Json,
            schema: self.type_of.schema,
            fingerprint: self.type_of.fingerprint,
            cost_us: 0,
            version: self.version,
            tags,
            ttl: policy.spread(self.ttl, rand::random()),
            stale: self.stale,
            payload: self.payload,
        }
    }
}
