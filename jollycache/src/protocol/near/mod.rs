//! The coherent near cache: values kept in a process, of which none is served after its eviction was acknowledged.
//!
//! Leases as by Gray and Cheriton (SOSP 1989), over the store of the entries. A process serves what it keeps only while
//! it holds a right, which it renews from the store's [`Roster`] and which ends by its own monotonic clock
//! ([`Member`]). An eviction drops the value in the store first, then is announced to all members, and waits until
//! each has acknowledged it or has lost its right ([`AckWait`]). What a member keeps, and what it is about to
//! keep, is checked by counters ([`Generations`]).
//!
//! Only the monotonic clocks of the members and of the evicting process decide anything, each compared with itself. A
//! store whose clock jumps, that stops or that loses everything costs time and makes no old value be served.

mod ack_wait;
mod generations;
mod member;
mod roster;
mod scope;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use ack_wait::{AckWait, Expulsion};
pub use generations::{Generation, Generations, Stamp};
pub use member::{Member, Renewal};
pub use roster::{Announced, Membership, RenewRequest, Renewed, Roster, Standing};
pub use scope::EvictionScope;

use crate::entry::Token;

/// The longest that a right lasts. After a loss of the roster, for so long nothing is known of the rights that are held.
pub const MAX_NEAR_LEASE: Duration = Duration::from_secs(2);
/// The most members of one namespace. A process beyond them reads the store.
pub const MAX_MEMBERS: usize = 1024;
/// How much of a right is used. The rest allows for the drift of clocks against each other.
const USED_PERCENT: u32 = 99;

/// Which announcement: the epoch of the roster, and the number in it.
///
/// A roster that was lost is begun anew under another epoch. Numbers of two epochs are not comparable: an announcement
/// that was lost together with the roster would have the number of the first one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// The life of one roster, from its beginning to its loss.
    pub epoch: Token,
    /// How many announcements there were in it.
    pub number: u64,
}

impl Position {
    /// Whether no announcement was made between `previous` and this one.
    fn follows(self, previous: Position) -> bool {
        self.epoch == previous.epoch && Some(self.number) == previous.number.checked_add(1)
    }

    /// Whether a process whose last announcement is this one has processed `other`.
    fn covers(self, other: Position) -> bool {
        self.epoch == other.epoch && self.number >= other.number
    }
}
