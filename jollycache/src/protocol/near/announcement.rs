//! `Position` and `Announcement`: what is published of an eviction, and where it stands among the others.

use bytes::{BufMut, Bytes, BytesMut};

use crate::entry::Token;

/// How much of a published announcement is its position: the epoch, and the number in six bytes.
const POSITION_BYTES: usize = 22;

/// Which announcement: the epoch of the roster, and the number in it.
///
/// A roster that was lost begins anew under another epoch. Numbers of two epochs are not comparable: an announcement
/// that was lost together with the roster would have the number of the first one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// The life of one roster, from its beginning to its loss.
    pub epoch: Token,
    /// How many announcements there were in it.
    pub number: u64,
}

/// An eviction that is to be announced.
#[derive(Debug, Clone, Copy)]
pub struct Announcement<'a> {
    /// What is published behind its position.
    pub message: &'a [u8],
    /// A token never used before: the epoch, if the roster begins anew.
    pub fresh: Token,
    /// Whether the caller has a near cache, or saw members before: a roster that is not there was lost.
    pub expected: bool,
}

impl Position {
    /// Whether no announcement was made between `previous` and this one.
    pub(super) fn follows(self, previous: Position) -> bool {
        self.epoch == previous.epoch && Some(self.number) == previous.number.checked_add(1)
    }

    /// Whether a process whose last announcement is this one has processed `other`.
    pub(super) fn covers(self, other: Position) -> bool {
        self.epoch == other.epoch && self.number >= other.number
    }

    /// What is published of an announcement at this position.
    pub fn publish(self, message: &[u8]) -> Bytes {
        let mut published = BytesMut::with_capacity(POSITION_BYTES + message.len());
        published.extend_from_slice(&self.epoch.0);
        published.put_uint(self.number, POSITION_BYTES - self.epoch.0.len());
        published.extend_from_slice(message);
        published.freeze()
    }

    /// The position and the message of what was published; `None` for foreign bytes.
    pub fn split(published: &Bytes) -> Option<(Position, Bytes)> {
        let (epoch, rest) = published.split_first_chunk()?;
        let (number, _) = rest.split_first_chunk::<6>()?;
        let number = number.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Some((Position { epoch: Token(*epoch), number }, published.slice(POSITION_BYTES..)))
    }
}
