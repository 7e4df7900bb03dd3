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
mod announcement;
mod generations;
mod member;
mod roster;
mod scope;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use ack_wait::{AckWait, Expulsion};
pub use announcement::{Announcement, Position};
pub use generations::{Generation, Generations, Stamp};
pub use member::{Member, Renewal};
pub use roster::{Announced, Membership, RenewRequest, Renewed, Roster, Standing};
pub use scope::EvictionScope;

/// The longest that a right lasts. After a loss of the roster, for so long nothing is known of the rights that are held.
pub const MAX_NEAR_LEASE: Duration = Duration::from_secs(2);
/// The most members of one namespace. A process beyond them reads the store.
pub const MAX_MEMBERS: usize = 1024;
/// How much of a right is used. The rest allows for the drift of clocks against each other.
const USED_PERCENT: u32 = 99;
