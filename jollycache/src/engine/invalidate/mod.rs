//! Invalidations: what a call evicts, and the one way on which it is delivered.

mod delivery;
mod eviction;

pub(super) use self::delivery::{Delivery, Initiator, writes_tag};
pub(super) use self::eviction::queue;
pub(crate) use self::eviction::{Eviction, Target};
