//! Fixtures shared by the tests.

mod gate;
mod missing;
mod mongo_server;
pub mod ports;

pub use gate::Gate;
pub use missing::skip;
pub use mongo_server::MongoServer;
