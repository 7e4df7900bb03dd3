//! Integration tests against real servers.

mod conformance;
mod redis_backend;
