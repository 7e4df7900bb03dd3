//! `RedisBuilder`: the settings of a `RedisBackend`.

use std::fmt;
use std::time::Duration;

use super::RedisBackend;
use super::connection::{Connector, PING_LOOK};
use super::topology::Topology;
use crate::error::{Error, ErrorKind, Result};

/// How many connections there are by default: one for writes, one for reads.
const DEFAULT_CONNECTIONS: usize = 2;
/// The most connections for commands.
const MAX_CONNECTIONS: usize = 64;
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const DEFAULT_MAX_RETRIES: u32 = 5;
const DEFAULT_RETRY_DELAY: Duration = Duration::from_millis(20);

/// Settings of a [`RedisBackend`].
///
/// ```
/// use jollycache::RedisBackend;
///
/// let backend = RedisBackend::builder("redis://127.0.0.1:6379").database(2).connections(4).build()?;
/// # Ok::<_, jollycache::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct RedisBuilder {
    topology: Topology,
    connections: usize,
    connect_timeout: Duration,
    max_retries: u32,
    retry_delay: Duration,
    trust_restarts: bool,
}

impl RedisBackend {
    /// Creates a backend with default settings and tries to connect.
    ///
    /// A server that cannot be reached is not an error: a warning is logged, and attempts go on.
    ///
    /// ```no_run
    /// # use jollycache::{Cache, RedisBackend};
    /// # async fn example() -> jollycache::Result<()> {
    /// let backend = RedisBackend::connect("redis://127.0.0.1:6379").await?;
    /// let cache = Cache::builder().namespace("shop:dev").backend(backend).build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a URL that is not `redis://`, `valkey://` or `unix:`.
    pub async fn connect(url: &str) -> Result<Self> {
        let backend = RedisBackend::builder(url).build()?;
        // The connection has logged the error.
        let _ = backend.pool.connect().await;
        Ok(backend)
    }

    /// Starts the settings of a backend.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// let backend = RedisBackend::builder("redis://127.0.0.1:6379").connections(4).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn builder(url: impl Into<String>) -> RedisBuilder {
        RedisBuilder::new(url.into())
    }
}

impl RedisBuilder {
    fn new(url: String) -> Self {
        RedisBuilder {
            topology: Topology::new(url),
            connections: DEFAULT_CONNECTIONS,
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            max_retries: DEFAULT_MAX_RETRIES,
            retry_delay: DEFAULT_RETRY_DELAY,
            trust_restarts: false,
        }
    }

    /// The user's name, instead of the URL's. Default: the server's default user.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// let backend = RedisBackend::builder("redis://127.0.0.1:6379").username("shop").build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.topology.username = Some(username.into());
        self
    }

    /// The password, instead of the URL's. Default: none.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// let backend = RedisBackend::builder("redis://127.0.0.1:6379").password("secret").build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.topology.password = Some(password.into());
        self
    }

    /// The database's number, instead of the URL's. Default: 0.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// let backend = RedisBackend::builder("redis://127.0.0.1:6379").database(2).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn database(mut self, database: u32) -> Self {
        self.topology.database = Some(database);
        self
    }

    /// How many connections carry commands, from 1 to 64: one for writes, the others for reads. Notifications use
    /// one more. If there is more than one here, values of 64 KiB and more are stored over a further one, so that no eviction
    /// waits behind them. All tasks share the connections; more of them only keep big values from delaying small ones.
    /// Default: 2.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// let backend = RedisBackend::builder("redis://127.0.0.1:6379").connections(4).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// How long one attempt to connect may take. Default: 1 second.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// # use std::time::Duration;
    /// let builder = RedisBackend::builder("redis://127.0.0.1:6379");
    /// let backend = builder.connect_timeout(Duration::from_millis(300)).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often the pause between attempts to reconnect doubles. Attempts never end, and there are at least two a second.
    /// No call waits for them. Default: 5.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// let backend = RedisBackend::builder("redis://127.0.0.1:6379").max_retries(8).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// The pause after the first failed attempt to reconnect; at most half a second counts. Default: 20 ms.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// # use std::time::Duration;
    /// let builder = RedisBackend::builder("redis://127.0.0.1:6379");
    /// let backend = builder.retry_delay(Duration::from_millis(50)).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.retry_delay = delay;
        self
    }

    /// Whether what a server brings back from a dump or a log when it starts again is served. Default: `false`.
    ///
    /// An eviction that was acknowledged after the dump was made is not in it, so by default everything that was written
    /// before the restart is a miss. With `true` the cache stays warm, and entries that were evicted in that time are served
    /// again, until their `ttl`: for caches that tolerate that, and for servers that write each command to disk before
    /// they answer (`appendonly yes`, `appendfsync always`). In either case no lease and no write intent from before
    /// the restart admits a value.
    ///
    /// A restart is detected by the `run_id` in `INFO server`, which an ACL has to allow (`+info`). If the server does
    /// not report it, the backend does not connect; with `true` it connects, leases are not shared between processes, and a
    /// warning is logged. All processes of a namespace should have the same setting.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// let backend = RedisBackend::builder("redis://127.0.0.1:6379").trust_restarts(true).build()?;
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn trust_restarts(mut self, trust: bool) -> Self {
        self.trust_restarts = trust;
        self
    }

    /// Creates the backend. It connects on first use, so that a server that is down is no error here.
    ///
    /// ```
    /// # use jollycache::RedisBackend;
    /// assert!(RedisBackend::builder("http://127.0.0.1").build().is_err());
    /// let backend = RedisBackend::builder("redis://127.0.0.1:6379").build()?; // the server may be down
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a URL that is not `redis://`, `valkey://` or `unix:`, a number of connections out of range, or a
    /// connect timeout of zero.
    pub fn build(self) -> Result<RedisBackend> {
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            return Err(config(format!(
                "{} connections to redis: expected 1 to {MAX_CONNECTIONS}",
                self.connections
            )));
        }
        if self.connect_timeout.is_zero() {
            return Err(config("a connect timeout of zero: expected more"));
        }
        let connector = Connector {
            client: self.topology.client()?,
            connect_timeout: self.connect_timeout,
            retry_delay: self.retry_delay,
            max_doublings: self.max_retries,
            trusts_restarts: self.trust_restarts,
            on_push: None,
            ping_look: PING_LOOK,
            logs_transitions: true,
        };
        Ok(RedisBackend::new(&connector, self.connections))
    }
}

/// Without the password, and without the URL, which may hold one.
impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("database", &self.topology.database)
            .field("connections", &self.connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_retries", &self.max_retries)
            .field("retry_delay", &self.retry_delay)
            .field("trust_restarts", &self.trust_restarts)
            .finish_non_exhaustive()
    }
}

fn config(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}
