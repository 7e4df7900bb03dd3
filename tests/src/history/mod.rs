//! Histories: what several processes read and invalidated at the same time, checked against contract C1.
//!
//! > A read that starts after an invalidation was acknowledged returns a value whose load started after that
//! > invalidation started.
//!
//! The checker is independent of caches: it compares times and versions, of one register (a key, as its readers see
//! it) at a time. It needs one clock for all events, which `CLOCK_MONOTONIC` is on one machine, and a source whose
//! versions grow with each write.

mod check;
mod record;

pub use check::{History, Violation};
pub use record::{Event, Invalidation, Nanos, Read, Record};
