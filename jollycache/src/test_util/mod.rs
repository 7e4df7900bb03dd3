//! Tools for testing what is built on this crate. Behind the feature `test-util`.

pub mod conformance;

#[doc(hidden)]
pub use crate::protocol::OwnWrites;
