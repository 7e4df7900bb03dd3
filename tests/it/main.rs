//! Integration tests against real servers.

mod redis_backend;
