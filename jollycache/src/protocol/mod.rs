//! The protocol's state machine: what the slot of one key, tag or lock holds, and how each operation changes it.
//!
//! Pure functions over [`Slot`], [`TagSlot`] and [`LockSlot`], with the time as an argument: the memory backend runs them under its lock, the
//! models explore them, and the Redis scripts do the same on the stored bytes. docs/semantics.md draws the states.

mod lock;
mod slot;
mod tag;

pub use lock::LockSlot;
pub use slot::{Holder, Slot, VERSION_MEMORY_MS};
pub use tag::TagSlot;
