//! Integration tests against real servers.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not take for tests")]

mod conformance;
mod redis_backend;
