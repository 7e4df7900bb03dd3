//! Fixtures shared by the tests.

mod redis_server;

pub use redis_server::RedisServer;
