//! Stored records, read and aged behind the backend's back, by the layout that entry/record.rs describes.

use bytes::Bytes;
use jollycache::entry::{Entry, Record, RegionId, Token, Version, decode_record};
use jollycache::protocol::{Holder, Slot};

const LEASED: u8 = 2;
const WRITER_BYTES: usize = 24;

fn number(raw: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(raw[at..at + 8].try_into().unwrap())
}

fn region(raw: &[u8]) -> RegionId {
    RegionId(u32::from_be_bytes(raw[2..6].try_into().unwrap()))
}

fn token(raw: &[u8], at: usize) -> Token {
    Token(raw[at..at + 16].try_into().unwrap())
}

fn floor(raw: &[u8], at: usize) -> Option<Version> {
    Some(Version(number(raw, at))).filter(|version| version.0 != 0)
}

fn is_leased(raw: &[u8]) -> bool {
    raw[1] == b'V' && raw[22] & LEASED != 0
}

/// Where a record has times.
fn times(raw: &[u8]) -> Vec<usize> {
    match raw[1] {
        b'V' if is_leased(raw) => vec![6, 14, raw.len() - WRITER_BYTES],
        b'V' | b'E' => vec![6, 14],
        b'L' => vec![6],
        b'I' => [6, 22].into_iter().chain((31..raw.len()).step_by(WRITER_BYTES)).collect(),
        kind => panic!("a record of kind {kind}"),
    }
}

/// The slot that a record stands for, by its own times; `expires` is the server's end of the key.
pub(crate) fn slot(raw: &[u8], expires: u64) -> Slot {
    match raw[1] {
        b'V' => {
            let Record::Value(entry) = decode_record(Bytes::copy_from_slice(raw)) else {
                panic!("a value that cannot be read: {raw:?}");
            };
            let at = raw.len() - WRITER_BYTES.min(raw.len());
            let lease = is_leased(raw).then(|| Holder { until: number(raw, at), token: token(raw, at + 8) });
            Slot::Filled { entry, expires, lease }
        }
        b'L' => {
            let holder = Holder { until: number(raw, 6), token: token(raw, 14) };
            Slot::Leased { region: region(raw), holder, floor: floor(raw, 30) }
        }
        b'I' => {
            let writer = |at| Holder { until: number(raw, at), token: token(raw, at + 8) };
            let writers = (31..raw.len()).step_by(WRITER_BYTES).map(writer).collect();
            let (poisoned, closed_until) = (raw[30] != 0, number(raw, 22));
            Slot::Intent { region: region(raw), writers, poisoned, closed_until, floor: floor(raw, 14) }
        }
        b'E' => Slot::Evicted {
            region: region(raw),
            until: number(raw, 6),
            closed_until: number(raw, 14),
            floor: floor(raw, 22),
        },
        kind => panic!("a record of kind {kind}"),
    }
}

/// Makes a record `jump` milliseconds older.
pub(crate) fn age(raw: &mut [u8], jump: u64) {
    for at in times(raw) {
        let aged = number(raw, at) - jump;
        raw[at..at + 8].copy_from_slice(&aged.to_be_bytes());
    }
}

/// Takes the times out of an entry, in order.
pub(crate) fn entry_times(entry: &mut Entry) -> [&mut u64; 2] {
    [&mut entry.created, &mut entry.fresh_until]
}

/// The times of a slot, in order.
pub(crate) fn slot_times(slot: &mut Slot) -> Vec<&mut u64> {
    match slot {
        Slot::Vacant => Vec::new(),
        Slot::Leased { holder, .. } => vec![&mut holder.until],
        Slot::Filled { entry, expires, lease } => {
            let lease = lease.as_mut().map(|lease| &mut lease.until);
            entry_times(entry).into_iter().chain([expires]).chain(lease).collect()
        }
        Slot::Intent { writers, closed_until, .. } => {
            writers.iter_mut().map(|writer| &mut writer.until).chain([closed_until]).collect()
        }
        Slot::Evicted { until, closed_until, .. } => vec![until, closed_until],
    }
}
