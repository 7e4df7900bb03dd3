//! The protocol: its requests and answers, and the state machines of one key, tag, lock and rate limit's subject.
//!
//! Pure functions over [`Slot`], [`TagSlot`], [`LockSlot`] and [`RateSlot`], with the time as an argument: the memory
//! backend runs them under its lock, the models explore them, and the Redis scripts do the same on the stored bytes.
//! docs/semantics.md draws the states. The state machines of the near cache are in [`near`].

mod holder;
mod inspection;
mod lock;
pub mod near;
mod own_writes;
mod rate;
mod request;
mod slot;
mod tag;

pub use holder::Holder;
pub use inspection::Inspection;
pub use lock::{LockAnswer, LockSlot};
pub use own_writes::OwnWrites;
pub use rate::{
    MAX_LOG_QUOTA, MAX_RATE_REQUESTS, MAX_RATE_WINDOW, RateAlgorithm, RateMode, RateRequest, RateRule,
    RateSlot, RateVerdict,
};
pub use request::{Filled, Lease, LeaseMode, LeaseRequest, Read, ScanCursor, ScanPage, Selection, WriteEnd};
pub use slot::Slot;
pub use tag::TagSlot;
