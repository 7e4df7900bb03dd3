//! Fixtures shared by the tests.

mod redis_server;
mod tcp_proxy;

pub use redis_server::RedisServer;
pub use tcp_proxy::TcpProxy;
