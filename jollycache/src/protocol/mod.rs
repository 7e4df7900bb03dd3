//! The protocol's state machine: what the slot of one key, tag, lock or rate holds, and how each operation changes it.
//!
//! Pure functions over [`Slot`], [`TagSlot`], [`LockSlot`] and [`RateSlot`], with the time as an argument: the memory
//! backend runs them under its lock, the models explore them, and the Redis scripts do the same on the stored bytes.
//! docs/semantics.md draws the states.

mod lock;
mod own_writes;
mod rate;
mod slot;
mod tag;

pub use lock::LockSlot;
pub use own_writes::OwnWrites;
pub use rate::{
    MAX_LOG_QUOTA, MAX_RATE_WINDOW, RateAlgorithm, RateBucket, RateCounter, RateLog, RateRule, RateSlot,
};
pub use slot::{Holder, Slot, VERSION_MEMORY_MS};
pub use tag::TagSlot;
