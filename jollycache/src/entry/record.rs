//! The stored form of a slot: one byte string. The Redis scripts read the same offsets; keep them together.
//!
//! ```text
//! offset  0     1    2       6    10       16            22     23     24      26           34       38
//! value   0xCB  'V'  region  run  created  fresh_until   flags  codec  schema  fingerprint  cost_us  tag count, tags…, payload, [version], [lease]
//! lease   0xCB  'L'  region  run  until    token (16), floor (8), closed_until
//! intent  0xCB  'I'  region  run  until    floor (8), closed_until, poisoned (1), writers…, each until, token (16)
//! evicted 0xCB  'E'  region  run  until    closed_until, floor (8)
//! ```
//!
//! Numbers are big-endian. A time is 6 bytes, in milliseconds: enough for 8,900 years. `run` (4) is the run of the server
//! that wrote the record. A tag is its name's length (1), its name and its id (16). The first byte is format and
//! version in one: a later format takes another. A value that is being refreshed carries its lease at the end,
//! `until`, its own `run` (4) and token (16), marked by [`FLAG_LEASED`], so that the steady state pays nothing for it. A
//! version (8) stands before that, marked by [`FLAG_VERSIONED`]; a floor (8) is the version below which nothing may be
//! stored, zero for none. A lease or an intent with a floor, or with a `closed_until` beyond its own end, outlives that
//! end, as an evicted record.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Codec, Draft, Entry, Fingerprint, RegionId, RunId, TagStamp, Token, Version};
use crate::clock::Millis;
use crate::error::{Error, ErrorKind, Result};

/// Format and version.
const MAGIC: u8 = 0xCB;
const KIND_VALUE: u8 = b'V';
const FLAG_NONE: u8 = 1;
/// The record ends in a lease.
const FLAG_LEASED: u8 = 2;
/// The payload is followed by a version.
const FLAG_VERSIONED: u8 = 4;
const HEADER_BYTES: usize = 39;
const LEASE_BYTES: usize = 26;
const RUN_BYTES: usize = 4;
const TIME_BYTES: usize = 6;
/// The most tags that one entry can carry.
pub const MAX_RECORD_TAGS: usize = 64;

/// What a stored byte string is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// A value, leased for refresh or not.
    Value(Entry),
    /// A lease or an intent: for a reader, nothing.
    Reserved,
    /// Not written by this version of JollyCache: a miss.
    Foreign,
}

/// Encodes `draft`; `run`, `created` and `fresh_until` are zero, for the backend to stamp.
///
/// # Errors
/// [`ErrorKind::Config`] for more than [`MAX_RECORD_TAGS`] tags, or a tag of a name longer than 255 bytes: nothing is cut.
pub fn encode_entry(draft: &Draft) -> Result<Bytes> {
    let tag_count =
        u8::try_from(draft.tags.len()).ok().filter(|&count| usize::from(count) <= MAX_RECORD_TAGS);
    let tag_count = tag_count.ok_or_else(|| too_long("tags", draft.tags.len(), MAX_RECORD_TAGS))?;
    let tag_bytes: usize = draft.tags.iter().map(|tag| 1 + tag.name.len() + 16).sum();
    let mut out = BytesMut::with_capacity(HEADER_BYTES + tag_bytes + draft.payload.len() + 8);
    out.put_u8(MAGIC);
    out.put_u8(KIND_VALUE);
    out.put_u32(draft.region.0);
    out.put_bytes(0, RUN_BYTES + 2 * TIME_BYTES);
    let none = if draft.none { FLAG_NONE } else { 0 };
    let versioned = if draft.version.is_some() { FLAG_VERSIONED } else { 0 };
    out.put_u8(none | versioned);
    out.put_u8(draft.codec.id());
    out.put_u16(draft.schema);
    out.put_u64(draft.fingerprint.0);
    out.put_u32(draft.cost_us);
    out.put_u8(tag_count);
    for tag in &draft.tags {
        let length = tag.name.len();
        out.put_u8(u8::try_from(length).map_err(|_| too_long("bytes of a tag", length, u8::MAX.into()))?);
        out.put_slice(tag.name.as_bytes());
        out.put_slice(&tag.id.0);
    }
    out.put_slice(&draft.payload);
    if let Some(Version(version)) = draft.version {
        out.put_u64(version);
    }
    Ok(out.freeze())
}

fn too_long(what: &str, found: usize, most: usize) -> Error {
    Error::new(ErrorKind::Config, format!("an entry of {found} {what}: expected at most {most}"))
}

/// Reads what a store holds. Never fails: what cannot be understood is [`Record::Foreign`].
pub fn decode_record(stored: Bytes) -> Record {
    match (stored.first(), stored.get(1)) {
        (Some(&MAGIC), Some(&KIND_VALUE)) => decode_entry(stored).map_or(Record::Foreign, Record::Value),
        (Some(&MAGIC), Some(b'L' | b'I' | b'E')) => Record::Reserved,
        _ => Record::Foreign,
    }
}

/// The run of the server that wrote a record; `None` for what is no record of ours.
pub fn record_run(stored: &[u8]) -> Option<RunId> {
    let rest = stored.strip_prefix(&[MAGIC])?;
    rest.get(5..5 + RUN_BYTES)?.try_into().ok().map(RunId)
}

fn decode_entry(mut stored: Bytes) -> Option<Entry> {
    if stored.len() < HEADER_BYTES {
        return None;
    }
    stored.advance(2);
    let region = RegionId(stored.get_u32());
    stored.advance(RUN_BYTES);
    let created: Millis = stored.get_uint(TIME_BYTES);
    let fresh_until: Millis = stored.get_uint(TIME_BYTES);
    let flags = stored.get_u8();
    let codec = Codec::from_id(stored.get_u8());
    let schema = stored.get_u16();
    let fingerprint = Fingerprint(stored.get_u64());
    let cost_us = stored.get_u32();
    let tag_count = stored.get_u8();
    let tags = (0..tag_count).map(|_| decode_tag(&mut stored)).collect::<Option<Vec<_>>>()?;
    if flags & FLAG_LEASED != 0 {
        stored.truncate(stored.len().checked_sub(LEASE_BYTES)?);
    }
    let mut version = None;
    if flags & FLAG_VERSIONED != 0 {
        let mut end = stored.split_off(stored.len().checked_sub(8)?);
        version = Some(Version(end.get_u64()));
    }
    let none = flags & FLAG_NONE != 0;
    Some(Entry {
        version,
        region,
        none,
        codec,
        schema,
        fingerprint,
        cost_us,
        created,
        fresh_until,
        tags,
        payload: stored,
    })
}

fn decode_tag(stored: &mut Bytes) -> Option<TagStamp> {
    let length = usize::from(*stored.first()?);
    if stored.len() < 1 + length + 16 {
        return None;
    }
    stored.advance(1);
    let name = std::str::from_utf8(&stored.split_to(length)).ok()?.into();
    let mut id = [0; 16];
    stored.copy_to_slice(&mut id);
    Some(TagStamp { name, id: Token(id) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn tag() -> impl Strategy<Value = TagStamp> {
        let name = prop_oneof!["[ -~]{0,128}", "\\PC{0,32}"];
        (name, any::<[u8; 16]>()).prop_map(|(name, id)| TagStamp { name: name.into(), id: Token(id) })
    }

    fn draft() -> impl Strategy<Value = Draft> {
        let numbers = any::<(u32, bool, u16, u64, u32, Option<u64>)>();
        (numbers, vec(tag(), 0..=MAX_RECORD_TAGS), vec(any::<u8>(), 0..200)).prop_map(
            |((region, none, schema, fingerprint, cost_us, version), tags, payload)| Draft {
                version: version.map(Version),
                region: RegionId(region),
                none,
                codec: Codec::Json,
                schema,
                fingerprint: Fingerprint(fingerprint),
                cost_us,
                tags,
                ttl: Duration::ZERO,
                stale: Duration::ZERO,
                payload: payload.into(),
            },
        )
    }

    fn sample(tags: Vec<TagStamp>) -> Draft {
        Draft {
            version: None,
            region: RegionId(0x0102_0304),
            none: false,
            codec: Codec::Json,
            schema: 0x1112,
            fingerprint: Fingerprint(0x2122_2324_2526_2728),
            cost_us: 0x3132_3334,
            tags,
            ttl: Duration::ZERO,
            stale: Duration::ZERO,
            payload: Bytes::from_static(b"payload"),
        }
    }

    fn decoded(bytes: impl Into<Bytes>) -> Record {
        decode_record(bytes.into())
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(draft in draft()) {
            // With no lifetime, the entry at time zero has the zeroes that a backend fills in.
            let expected = Entry::from_draft(&draft, 0);
            prop_assert_eq!(decode_record(encode_entry(&draft).unwrap()), Record::Value(expected));
        }

        #[test]
        fn times_and_a_lease_are_read_where_the_backend_puts_them(
            draft in draft(), run: [u8; 4], created in 0..1_u64 << 48, fresh_until in 0..1_u64 << 48,
            lease: [u8; LEASE_BYTES],
        ) {
            let mut stored = encode_entry(&draft).unwrap().to_vec();
            stored[6..10].copy_from_slice(&run);
            stored[10..16].copy_from_slice(&created.to_be_bytes()[2..]);
            stored[16..22].copy_from_slice(&fresh_until.to_be_bytes()[2..]);
            stored[22] |= FLAG_LEASED;
            stored.extend(lease);
            prop_assert_eq!(record_run(&stored), Some(RunId(run)));
            let expected = Entry { created, fresh_until, ..Entry::from_draft(&draft, 0) };
            prop_assert_eq!(decoded(stored), Record::Value(expected));
        }

        #[test]
        fn bytes_of_others_are_foreign(stored in vec(any::<u8>(), 0..100)) {
            prop_assume!(stored.first() != Some(&MAGIC));
            prop_assert_eq!(record_run(&stored), None);
            prop_assert_eq!(decoded(stored), Record::Foreign);
        }

        #[test]
        fn anything_behind_our_first_bytes_is_survived(rest in vec(any::<u8>(), 0..400)) {
            let _ = decoded([&[MAGIC, KIND_VALUE][..], &rest[..]].concat());
        }

        #[test]
        fn an_unknown_kind_is_foreign(kind: u8, rest in vec(any::<u8>(), 0..60)) {
            prop_assume!(!b"VLIE".contains(&kind));
            prop_assert_eq!(decoded([&[MAGIC, kind][..], &rest[..]].concat()), Record::Foreign);
        }

        #[test]
        fn damage_is_survived(draft in draft(), at: prop::sample::Index, to: u8) {
            let mut stored = encode_entry(&draft).unwrap().to_vec();
            let at = at.index(stored.len());
            stored[at] = to;
            let _ = decoded(stored);
        }

        #[test]
        fn a_record_cut_within_its_header_or_tags_is_foreign(draft in draft(), at: prop::sample::Index) {
            let stored = encode_entry(&draft).unwrap();
            let version = if draft.version.is_some() { 8 } else { 0 };
            let whole = stored.len() - draft.payload.len() - version;
            prop_assert_eq!(decode_record(stored.slice(..at.index(whole))), Record::Foreign);
        }
    }

    #[test]
    fn the_offsets_are_those_that_the_scripts_read() {
        let tag = TagStamp { name: "tea".into(), id: Token([0x55; 16]) };
        let expected = [
            &[0xCB, b'V'][..],
            &[1, 2, 3, 4],
            &[0; 16],
            &[0, 1, 0x11, 0x12],
            &[0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28],
            &[0x31, 0x32, 0x33, 0x34],
            &[1, 3],
            b"tea",
            &[0x55; 16],
            b"payload",
        ];
        assert_eq!(encode_entry(&sample(vec![tag])).unwrap(), expected.concat());
    }

    #[test]
    fn an_entry_is_at_most_64_bytes_over_its_value() {
        let overhead = |tags| {
            let draft = sample(tags);
            encode_entry(&draft).unwrap().len() - draft.payload.len()
        };
        let tag = TagStamp { name: "products".into(), id: Token::random() };
        assert_eq!(overhead(vec![]), 39);
        assert_eq!(overhead(vec![tag]), 64);
    }

    #[test]
    fn what_a_record_cannot_hold_is_refused_and_not_cut() {
        let tag = |length: usize| TagStamp { name: "t".repeat(length).into(), id: Token::random() };
        assert!(encode_entry(&sample(vec![tag(3); MAX_RECORD_TAGS])).is_ok());
        for count in [MAX_RECORD_TAGS + 1, 255, 256, 300] {
            let refused = encode_entry(&sample(vec![tag(3); count])).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Config);
        }
        assert!(encode_entry(&sample(vec![tag(255)])).is_ok());
        assert_eq!(encode_entry(&sample(vec![tag(256)])).unwrap_err().kind(), ErrorKind::Config);
    }

    #[test]
    fn a_codec_of_a_later_version_is_told_apart() {
        let mut stored = encode_entry(&sample(vec![])).unwrap().to_vec();
        stored[23] = 200;
        let Record::Value(entry) = decoded(stored) else { panic!("a value") };
        assert_eq!(entry.codec, None);
    }

    #[test]
    fn a_value_too_short_for_the_lease_that_it_claims_is_foreign() {
        let mut stored = encode_entry(&sample(vec![])).unwrap().to_vec();
        stored[22] |= FLAG_LEASED;
        assert_eq!(decoded(stored), Record::Foreign);
    }

    #[test]
    fn leases_and_intents_are_nothing_to_a_reader() {
        assert_eq!(decoded(&b"\xCBL\0\0\0\0"[..]), Record::Reserved);
        assert_eq!(decoded(&b"\xCBI\0\0\0\0"[..]), Record::Reserved);
    }
}
