//! `RedisBackend`: the protocol on a Redis server, version 7.0 or later.
//!
//! Reads are plain commands; everything else is a script of one key (`scripts/`), so that each step is atomic on the server.
//! Only rate limits that are judged together are keys of one call. Tag ids are read by plain commands beside the scripts,
//! never inside them.

mod arguments;
mod builder;
mod capabilities;
mod connection;
mod error;
mod info;
mod keyspace;
mod lease;
mod operations;
mod pool;
mod pubsub;
mod rates;
mod record;
mod reply;
mod rosters;
mod run;
mod scripts;
mod socket;
mod topology;

pub use self::builder::RedisBuilder;
use self::connection::Connector;
use self::pool::Pool;
use self::pubsub::PubSub;

/// Entries on a Redis server, version 7.0 or later, shared by all processes of one namespace.
///
/// Commands of all tasks share a few connections, which are re-established in the background: while the server is away, a
/// call fails at once with [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable), and works again within about half a second of its return. It has every capability.
///
/// ```no_run
/// # async fn example() -> jollycache::Result<()> {
/// use jollycache::RedisBackend;
///
/// let backend = RedisBackend::connect("redis://127.0.0.1:6379").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RedisBackend {
    pool: Pool,
    pubsub: PubSub,
}

impl RedisBackend {
    fn new(connector: &Connector, connections: usize) -> Self {
        RedisBackend { pool: Pool::new(connector, connections), pubsub: PubSub::new(connector) }
    }
}
