//! The stored form of a slot: one byte string. The Redis scripts read the same offsets; keep them together.
//!
//! ```text
//! offset 0        1     2       6        14           22     23     24      26           34       38
//! value  0xCA 01  'V'   region  created  fresh_until  flags  codec  schema  fingerprint  cost_us  tag count, tags…, payload, [lease]
//! lease  0xCA 01  'L'   region  until    token (16)
//! intent 0xCA 01  'I'   region  until    token (16)   writers (1)  poisoned (1)
//! ```
//!
//! Numbers are big-endian; a tag is its name's length (1), its name and its id (16). The first byte is format and
//! version in one: a later format takes another. A value that is being refreshed carries its lease at the end,
//! `until` (8) and token (16), marked by [`FLAG_LEASED`], so that the steady state pays nothing for it.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Codec, Draft, Entry, Fingerprint, RegionId, TagStamp, Token};

/// Format and version.
const MAGIC: u8 = 0xCA;
const KIND_VALUE: u8 = b'V';
const FLAG_NONE: u8 = 1;
/// The record ends in a lease.
const FLAG_LEASED: u8 = 2;
const HEADER_BYTES: usize = 39;
const LEASE_BYTES: usize = 24;
/// The most tags that one entry can carry.
pub const MAX_RECORD_TAGS: usize = 64;

/// What a stored byte string is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A value, leased for refresh or not.
    Value(Entry),
    /// A lease or an intent: for a reader, nothing.
    Reserved,
    /// Not written by this version of JollyCache: a miss.
    Foreign,
}

/// Encodes `draft`; `created` and `fresh_until` are zero, for the backend to stamp.
pub fn encode_entry(draft: &Draft) -> Bytes {
    debug_assert!(draft.tags.len() <= MAX_RECORD_TAGS, "the engine limits the tags");
    let tag_bytes: usize = draft.tags.iter().map(|tag| 1 + tag.name.len() + 16).sum();
    let mut out = BytesMut::with_capacity(HEADER_BYTES + tag_bytes + draft.payload.len());
    out.put_u8(MAGIC);
    out.put_u8(KIND_VALUE);
    out.put_u32(draft.region.0);
    out.put_u64(0);
    out.put_u64(0);
    out.put_u8(if draft.none { FLAG_NONE } else { 0 });
    out.put_u8(draft.codec.id());
    out.put_u16(draft.schema);
    out.put_u64(draft.fingerprint.0);
    out.put_u32(draft.cost_us);
    out.put_u8(u8::try_from(draft.tags.len()).unwrap_or(u8::MAX));
    for tag in &draft.tags {
        out.put_u8(u8::try_from(tag.name.len()).unwrap_or(u8::MAX));
        out.put_slice(tag.name.as_bytes());
        out.put_slice(&tag.id.0);
    }
    out.put_slice(&draft.payload);
    out.freeze()
}

/// Reads what a store holds. Never fails: what cannot be understood is [`Record::Foreign`].
pub fn decode_record(stored: Bytes) -> Record {
    match (stored.first(), stored.get(1)) {
        (Some(&MAGIC), Some(&KIND_VALUE)) => decode_entry(stored).map_or(Record::Foreign, Record::Value),
        (Some(&MAGIC), Some(b'L' | b'I')) => Record::Reserved,
        _ => Record::Foreign,
    }
}

fn decode_entry(mut stored: Bytes) -> Option<Entry> {
    if stored.len() < HEADER_BYTES {
        return None;
    }
    stored.advance(2);
    let region = RegionId(stored.get_u32());
    let created = stored.get_u64();
    let fresh_until = stored.get_u64();
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
    let none = flags & FLAG_NONE != 0;
    Some(Entry {
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
