//! What the tests of this package stand on: a server, a network between, and a source that says how old a value is.
//!
//! The package is a user's crate. It knows README, docs/ and rustdoc, and nothing of what is inside.

#![allow(clippy::disallowed_methods, reason = "a user's crate reads clocks as it likes")]

pub mod proxy;
pub mod redis_server;
pub mod seed;
pub mod source;
pub mod wait;
