//! The protocol's state machine: what one key's slot, or one lock's, holds, and how each operation changes it.
//!
//! Pure functions over [`Slot`], with the time as an argument: the memory backend runs them under its lock, the
//! models explore them, and the Redis scripts do the same on the stored bytes. docs/semantics.md draws the states.

mod lock;
mod slot;

pub use lock::LockSlot;
pub use slot::{Holder, Slot, VERSION_MEMORY_MS};
