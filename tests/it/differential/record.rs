//! Stored records, read and aged behind the backend's back, by the layout that entry/record.rs describes.

use bytes::Bytes;
use jollycache::backend::state::{Holder, Slot};
use jollycache::backend::{Entry, Record, RegionId, RunId, Token, Version, decode_record};

const LEASED: u8 = 2;
const WRITER_BYTES: usize = 22;
const TRAILER_BYTES: usize = 26;
const OTHER_RUN: [u8; 4] = *b"past";

fn number(raw: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(raw[at..at + 8].try_into().unwrap())
}

fn time(raw: &[u8], at: usize) -> u64 {
    raw[at..at + 6].iter().fold(0, |time, byte| time << 8 | u64::from(*byte))
}

fn run(raw: &[u8], at: usize) -> RunId {
    RunId(raw[at..at + 4].try_into().unwrap())
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
        b'V' if is_leased(raw) => vec![10, 16, raw.len() - TRAILER_BYTES],
        b'V' | b'E' => vec![10, 16],
        b'L' if time(raw, 40) == 0 => vec![10],
        b'L' => vec![10, 40],
        b'I' => [10, 24].into_iter().chain((31..raw.len()).step_by(WRITER_BYTES)).collect(),
        kind => panic!("a record of kind {kind}"),
    }
}

/// The slot that a record stands for in this run of the server, by its own times; `expires` is the server's end of the
/// key.
pub(crate) fn slot(raw: &[u8], expires: u64, now_runs: RunId, trusts_restarts: bool) -> Slot {
    let slot = as_written(raw, expires, now_runs);
    let counts = run(raw, 6) == now_runs || raw[1] == b'V' && trusts_restarts;
    if counts { slot } else { slot.after_restart(trusts_restarts) }
}

fn as_written(raw: &[u8], expires: u64, now_runs: RunId) -> Slot {
    match raw[1] {
        b'V' => {
            let Record::Value(entry) = decode_record(Bytes::copy_from_slice(raw)) else {
                panic!("a value that cannot be read: {raw:?}");
            };
            let at = raw.len() - TRAILER_BYTES.min(raw.len());
            let is_leased = is_leased(raw) && run(raw, at + 6) == now_runs;
            let lease = is_leased.then(|| Holder { until: time(raw, at), token: token(raw, at + 10) });
            Slot::Filled { entry, expires, lease }
        }
        b'L' => {
            let holder = Holder { until: time(raw, 10), token: token(raw, 16) };
            let (closed_until, floor) = (time(raw, 40), floor(raw, 32));
            Slot::Leased { region: region(raw), holder, closed_until, floor }
        }
        b'I' => {
            let writer = |at| Holder { until: time(raw, at), token: token(raw, at + 6) };
            let writers = (31..raw.len()).step_by(WRITER_BYTES).map(writer).collect();
            let (poisoned, closed_until) = (raw[30] != 0, time(raw, 24));
            Slot::Intent { region: region(raw), writers, poisoned, closed_until, floor: floor(raw, 16) }
        }
        b'E' => Slot::Evicted {
            region: region(raw),
            until: time(raw, 10),
            closed_until: time(raw, 16),
            floor: floor(raw, 22),
        },
        kind => panic!("a record of kind {kind}"),
    }
}

/// Makes a record `jump` milliseconds older.
pub(crate) fn age(raw: &mut [u8], jump: u64) {
    for at in times(raw) {
        // What a slot after a restart has no grace of is far in the past.
        let aged = time(raw, at).saturating_sub(jump);
        raw[at..at + 6].copy_from_slice(&aged.to_be_bytes()[2..]);
    }
}

/// Makes a record one of another run of the server.
pub(crate) fn restart(raw: &mut [u8]) {
    raw[6..10].copy_from_slice(&OTHER_RUN);
    if is_leased(raw) {
        let at = raw.len() - TRAILER_BYTES + 6;
        raw[at..at + 4].copy_from_slice(&OTHER_RUN);
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
        Slot::Leased { holder, closed_until, .. } => {
            let closed_until = (*closed_until > 0).then_some(closed_until);
            [&mut holder.until].into_iter().chain(closed_until).collect()
        }
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
