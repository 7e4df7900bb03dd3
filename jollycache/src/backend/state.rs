//! The state machines of the protocol, for backends that keep what they store as a value of this process.
//!
//! Each is what is kept under one name ([`Slot`]: a key, [`TagSlot`]: a tag, [`LockSlot`]: a lock, [`RateSlot`]: a subject
//! of a rate limit; [`near::Roster`]: the near caches of a namespace). Its methods are the operations of [`Backend`](super::Backend) on that name: pure functions that take
//! the time as an argument and return the next state with the answer. A backend reads the state, applies the method
//! and writes the result, in one step that no other caller interrupts.

pub use crate::protocol::near;
pub use crate::protocol::{Holder, LockSlot, RateSlot, Slot, TagSlot};
// A part of the writers, which the models run against the state machines of the store.
#[doc(hidden)]
pub use crate::protocol::OwnWrites;
