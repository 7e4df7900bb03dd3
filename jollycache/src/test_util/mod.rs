//! Tools for testing what is built on this crate. Behind the feature `test-util`.

pub mod conformance;
