//! Fixtures shared by the tests.

mod browser;
mod core_backend;
mod faulty_backend;
mod gate;
pub mod history;
mod missing;
mod mongo_server;
pub mod ports;
mod redis_server;
mod script_swap;
mod tcp_proxy;

pub use browser::Browser;
pub use core_backend::CoreBackend;
pub use faulty_backend::{Fault, FaultyBackend};
pub use gate::Gate;
pub use missing::skip;
pub use mongo_server::MongoServer;
pub use redis_server::RedisServer;
pub use script_swap::ScriptSwap;
pub use tcp_proxy::{Delay, TcpProxy};
