//! Fixtures shared by the tests.

mod missing;
mod mongo_server;
pub mod ports;

pub use missing::skip;
pub use mongo_server::MongoServer;
