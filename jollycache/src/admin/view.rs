//! `KeyView`: the record of a key, as the API shows it.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::backend::Inspection;
use crate::clock::{Millis, as_millis};
use crate::entry::{Codec, Entry, Token, Version};
use crate::key::Key;

/// Maximum size of a value that is shown, in bytes.
const MAX_SHOWN_BYTES: usize = 256 * 1024;

/// The record of a key.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct KeyView {
    /// The key, without the namespace, escaped.
    key: String,
    /// The segments of the key, which `:` separates, unescaped.
    segments: Vec<String>,
    /// The kind of the record.
    state: State,
    /// The region; null if this process has not used it.
    region: Option<String>,
    /// The value and its header, for the state `value`.
    entry: Option<EntryView>,
    /// The remaining lifetime of a value, stale window included, in milliseconds.
    ttl_ms: Option<u64>,
    /// The lease of a load or refresh.
    lease: Option<LeaseView>,
    /// The intent of the writes in progress.
    intent: Option<IntentView>,
    /// How long no value may be stored after an eviction, in milliseconds.
    closed_ms: Option<u64>,
}

/// The kind of a record.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// A value.
    Value,
    /// A lease without a value: a load is in progress.
    Leased,
    /// An intent: a write is in progress.
    Intent,
    /// The mark of an eviction: for some time, no value or no older version may be stored.
    Evicted,
    /// Data that this version of JollyCache cannot read.
    Foreign,
}

/// A value and its header.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct EntryView {
    /// The value, if it is shown.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    value: Option<Box<RawValue>>,
    /// Whether the value is shown, and the reason if it is not.
    value_state: ValueState,
    /// The size of the encoded value, in bytes.
    size_bytes: usize,
    /// The format of the value; null if this build does not support it.
    codec: Option<&'static str>,
    /// The version of the value's schema.
    schema: u16,
    /// The fingerprint of the value's type.
    fingerprint: String,
    /// When it was stored, in milliseconds since the Unix epoch, by the backend's clock.
    created_ms: u64,
    /// When it becomes stale, by the same clock.
    fresh_until_ms: u64,
    /// Whether it is fresh.
    fresh: bool,
    /// Whether all its tags are live. Otherwise it is not served.
    valid: bool,
    /// The duration of the load, in microseconds.
    cost_us: u32,
    /// The version that the source gave the value, an integer.
    version: Option<String>,
    /// The tags.
    tags: Vec<TagView>,
}

/// Whether a value is shown.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum ValueState {
    /// The value is shown.
    Shown,
    /// The entry is a cached `None`.
    None,
    /// Values are hidden by configuration.
    Hidden,
    /// The value is larger than 256 KiB.
    TooLarge,
    /// This build cannot decode the value.
    Unreadable,
}

/// A tag of a value.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct TagView {
    /// The tag, without the namespace, escaped.
    name: String,
    /// Whether the tag has not been evicted since the value was loaded.
    live: bool,
}

/// A lease.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct LeaseView {
    /// The time until it expires, in milliseconds.
    remaining_ms: u64,
}

/// A write intent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct IntentView {
    /// The time until the last writer's intent expires, in milliseconds.
    remaining_ms: u64,
    /// The number of writers.
    writers: usize,
    /// Whether another write or an eviction came in between, so that none of the writers may store.
    poisoned: bool,
}

impl KeyView {
    /// `live`: the live ids of the entry's tags, in their order.
    pub(super) fn new(
        key: &Key,
        region: Option<String>,
        found: Inspection,
        live: &[Option<Token>],
        hides_values: bool,
    ) -> Self {
        let lease_of = |remaining: Duration| LeaseView { remaining_ms: as_millis(remaining) };
        let view = KeyView {
            key: key.to_string(),
            segments: key.segments().collect(),
            state: State::Foreign,
            region,
            entry: None,
            ttl_ms: None,
            lease: None,
            intent: None,
            closed_ms: None,
        };
        match found {
            Inspection::Value { entry, now, remaining, lease } => KeyView {
                state: State::Value,
                entry: Some(EntryView::new(&entry, now, live, hides_values)),
                ttl_ms: Some(as_millis(remaining)),
                lease: lease.map(lease_of),
                ..view
            },
            Inspection::Leased { remaining, .. } => {
                KeyView { state: State::Leased, lease: Some(lease_of(remaining)), ..view }
            }
            Inspection::Intent { remaining, writers, poisoned, .. } => {
                let intent = IntentView { remaining_ms: as_millis(remaining), writers, poisoned };
                KeyView { state: State::Intent, intent: Some(intent), ..view }
            }
            Inspection::Evicted { closed, .. } => {
                KeyView { state: State::Evicted, closed_ms: Some(as_millis(closed)), ..view }
            }
            Inspection::Vacant | Inspection::Foreign => view,
        }
    }
}

impl EntryView {
    fn new(entry: &Entry, now: Millis, live: &[Option<Token>], hides_values: bool) -> Self {
        let (value, value_state) = shown(entry, hides_values);
        let tag = |(tag, live): (&crate::entry::TagStamp, &Option<Token>)| TagView {
            name: tag.name.to_string(),
            live: *live == Some(tag.id),
        };
        let tags: Vec<_> = entry.tags.iter().zip(live).map(tag).collect();
        EntryView {
            value,
            value_state,
            size_bytes: entry.payload.len(),
            codec: entry.codec.map(|codec| match codec {
                Codec::Json => "json",
                Codec::Http => "http",
            }),
            schema: entry.schema,
            fingerprint: format!("{:016x}", entry.fingerprint.0),
            created_ms: entry.created,
            fresh_until_ms: entry.fresh_until,
            fresh: entry.is_fresh(now),
            valid: tags.iter().all(|tag| tag.live),
            cost_us: entry.cost_us,
            version: entry.version.map(version),
            tags,
        }
    }
}

/// The value as raw JSON, so that numbers keep all their digits.
fn shown(entry: &Entry, hides_values: bool) -> (Option<Box<RawValue>>, ValueState) {
    if entry.none {
        return (None, ValueState::None);
    }
    if hides_values {
        return (None, ValueState::Hidden);
    }
    if entry.payload.len() > MAX_SHOWN_BYTES {
        return (None, ValueState::TooLarge);
    }
    match entry.codec {
        Some(Codec::Json) => match serde_json::from_slice::<Box<RawValue>>(&entry.payload) {
            Ok(value) => (Some(value), ValueState::Shown),
            Err(_) => (None, ValueState::Unreadable),
        },
        Some(Codec::Http) => match response(&entry.payload) {
            Some(value) => (Some(value), ValueState::Shown),
            None => (None, ValueState::Unreadable),
        },
        None => (None, ValueState::Unreadable),
    }
}

/// A stored HTTP response.
#[cfg(feature = "http")]
fn response(payload: &bytes::Bytes) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(&crate::http::inspect(payload)?).ok()
}

/// A build without `http` cannot decode responses.
#[cfg(not(feature = "http"))]
fn response(_: &bytes::Bytes) -> Option<Box<RawValue>> {
    None
}

/// The version that the source gave. Versions are stored with the sign bit flipped, so that they compare as unsigned.
fn version(Version(stored): Version) -> String {
    (stored ^ (1 << 63)).cast_signed().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_shown_in_the_form_of_the_source() {
        assert_eq!(version(Version::from(7_u32)), "7");
        assert_eq!(version(Version::from(-7_i64)), "-7");
        assert_eq!(version(Version::from(i64::MIN)), i64::MIN.to_string());
    }
}
