//! `KeyView`: what people see of a key.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::backend::Inspection;
use crate::clock::{Millis, as_millis};
use crate::entry::{Codec, Entry, Token, Version};
use crate::key::Key;

/// The largest value that is shown, in bytes.
const MAX_SHOWN_BYTES: usize = 256 * 1024;

/// What is kept under a key.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct KeyView {
    /// Without the namespace, escaped.
    key: String,
    /// What stands between the `:` of the key, unescaped.
    segments: Vec<String>,
    /// What is there.
    state: State,
    /// The region, where this process knows it.
    region: Option<String>,
    /// The value and its header, for the state `value`.
    entry: Option<EntryView>,
    /// For how long a value stays, stale window included, in milliseconds.
    ttl_ms: Option<u64>,
    /// The lease of who loads or refreshes.
    lease: Option<LeaseView>,
    /// The writers between begin and end of their writes.
    intent: Option<IntentView>,
    /// For how long nothing may be stored after an eviction, in milliseconds.
    closed_ms: Option<u64>,
}

/// What can be under a key.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// A value.
    Value,
    /// Somebody loads.
    Leased,
    /// Somebody writes.
    Intent,
    /// A value fell; for some time, nothing or no older version may be stored.
    Evicted,
    /// Something that this version of JollyCache did not write.
    Foreign,
}

/// A value and its header.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct EntryView {
    /// The value, where it is shown.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    value: Option<Box<RawValue>>,
    /// Whether it is, and why not.
    value_state: ValueState,
    /// The size of the encoded value, in bytes.
    size_bytes: usize,
    /// The format of the value; null for one that this build does not know.
    codec: Option<&'static str>,
    /// The number of the value's format.
    schema: u16,
    /// The fingerprint of the value's type.
    fingerprint: String,
    /// When it was stored, in milliseconds since the Unix epoch, by the backend's clock.
    created_ms: u64,
    /// Until when it is fresh, by the same clock.
    fresh_until_ms: u64,
    /// Whether it is fresh.
    fresh: bool,
    /// Whether all its tags are live. If not, it is served to nobody.
    valid: bool,
    /// How long the load took, in microseconds.
    cost_us: u32,
    /// The source's own version of the value, a whole number.
    version: Option<String>,
    /// The tags.
    tags: Vec<TagView>,
}

/// Whether a value is shown.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum ValueState {
    /// It is.
    Shown,
    /// The entry stands for `None`.
    None,
    /// Values are hidden by configuration.
    Hidden,
    /// It is larger than 256 KiB.
    TooLarge,
    /// It is in a format that this build cannot show.
    Unreadable,
}

/// A tag of a value.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct TagView {
    /// Without the namespace, escaped.
    name: String,
    /// Whether it has not been evicted since the value was loaded.
    live: bool,
}

/// A lease.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct LeaseView {
    /// When it ends by itself, in milliseconds from now.
    remaining_ms: u64,
}

/// A write intent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct IntentView {
    /// When the last writer's ends by itself, in milliseconds from now.
    remaining_ms: u64,
    /// How many write.
    writers: usize,
    /// Whether somebody else wrote or evicted meanwhile, so that none of them may store.
    poisoned: bool,
}

impl KeyView {
    /// The view of what was found; `live` has the live ids of the entry's tags, in order.
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

/// The value as it stands: numbers keep all their digits.
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
        Some(Codec::Http) | None => (None, ValueState::Unreadable),
    }
}

/// As the source gave it: versions are stored with the sign bit flipped.
fn version(Version(stored): Version) -> String {
    (stored ^ (1 << 63)).cast_signed().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_shown_as_the_source_gave_them() {
        assert_eq!(version(Version::from(7_u32)), "7");
        assert_eq!(version(Version::from(-7_i64)), "-7");
        assert_eq!(version(Version::from(i64::MIN)), i64::MIN.to_string());
    }
}
