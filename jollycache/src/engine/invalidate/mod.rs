//! Invalidations: what a call evicts, and the one way on which it is delivered.

mod delivery;
mod eviction;

pub(super) use self::delivery::Sender;
pub(crate) use self::eviction::{Eviction, Target};
