//! The configuration, read from environment variables. `.env.example` lists them.

mod admin;
mod auth;
mod duration;
mod rate_limits;
mod reader;
mod source;
mod traces;
mod url;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

pub use self::auth::AuthConfig;
pub use self::rate_limits::RateLimitConfig;
use self::reader::Reader;
pub use self::url::{MongoUri, RedisUrl, Secret};

/// The maximum number of doublings of the pause between attempts to reconnect.
const MAX_REDIS_RETRIES: u32 = 10;
/// The highest number of a Redis database.
const MAX_REDIS_DB: u32 = 1_023;
/// The maximum length of the prefix of keys; the namespace adds the environment to it.
const MAX_PREFIX_CHARS: usize = 48;
/// The maximum of the durations for Redis.
const MAX_REDIS_WAIT: Duration = Duration::from_secs(60);
/// The maximum lifetime of an entry.
const MAX_TTL: Duration = Duration::from_secs(24 * 30 * 60 * 60);

/// The environment in which the process runs. Each has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Environment {
    /// A developer's machine; the default.
    #[default]
    Development,
    /// Tests before a release.
    Staging,
    /// Customers.
    Production,
}

/// The settings of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisConfig {
    /// The address.
    pub url: RedisUrl,
    /// The password, which overrides that of the URL.
    pub password: Option<Secret>,
    /// The database, which overrides that of the URL.
    pub database: Option<u32>,
    /// The timeout of one attempt to connect. Default: 1 s.
    pub connection_timeout: Duration,
    /// The number of times that the pause between attempts to reconnect doubles, 0 to 10. Default: 5.
    pub max_retries: u32,
    /// The pause after the first failed attempt. Default: 20 ms.
    pub retry_delay: Duration,
}

/// Lifetimes of entries. One that is set overrides the attributes of the use cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lifetimes {
    /// Every entry, unless `short` or `long` is set for it.
    pub default: Option<Duration>,
    /// Lists and counts.
    pub short: Option<Duration>,
    /// Single products.
    pub long: Option<Duration>,
}

/// The admin API and page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdminConfig {
    /// The token that an admin presents; without it everything but the statistics is off.
    pub token: Option<Secret>,
    /// Whether values are hidden.
    pub hide_values: bool,
}

/// The settings of traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceConfig {
    /// The address of the collector, for OTLP over HTTP.
    pub endpoint: String,
    /// The name of the service in traces. Default: `jollyjet`.
    pub service: String,
}

/// The configuration of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on. Default: 127.0.0.1.
    pub host: IpAddr,
    /// The port to listen on; 0 for a free one. Default: 3000.
    pub port: u16,
    /// The environment. Default: development.
    pub environment: Environment,
    /// The prefix of all keys, before the environment's name. Default: `jollyjet`.
    pub key_prefix: String,
    /// Redis; without it entries and sessions are in the memory of this process, which must be allowed outside of
    /// development.
    pub redis: Option<RedisConfig>,
    /// Lifetimes of entries.
    pub lifetimes: Lifetimes,
    /// The admin API and page.
    pub admin: AdminConfig,
    /// Whether the cache is warmed up after the start. Default: no.
    pub warm_up: bool,
    /// MongoDB; without it products are in the memory of this process, which must be allowed outside of development.
    pub mongodb: Option<MongoUri>,
    /// The rate limits.
    pub rate_limits: RateLimitConfig,
    /// The user and the sessions.
    pub auth: AuthConfig,
    /// The filter of the log, in the syntax of `tracing-subscriber`. Default: `info`.
    pub log: String,
    /// The collector of traces; without it none are sent.
    pub traces: Option<TraceConfig>,
}

/// Every mistake in the configuration. Contains no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    mistakes: Vec<String>,
}

impl Config {
    /// Reads the configuration through `lookup`, which returns the value of a variable.
    ///
    /// A variable with an empty value is not set, so that a copied `.env.example` works.
    ///
    /// # Errors
    /// Every mistake, not only the first.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(&lookup);
        // In the order in which mistakes are reported.
        let host = reader.parsed("HOST", "an IP address", IpAddr::from([127, 0, 0, 1]));
        let port = reader.parsed("PORT", "a port, 0 to 65535", 3_000);
        let environment = reader.environment();
        let requires_servers = reader.requires_servers(environment);
        let config = Config {
            host,
            port,
            environment,
            key_prefix: reader.key_prefix(),
            redis: reader.redis(requires_servers),
            lifetimes: reader.lifetimes(),
            admin: reader.admin(),
            warm_up: reader.switch("CACHE_WARMUP_ENABLED"),
            mongodb: reader.mongodb(requires_servers),
            rate_limits: reader.rate_limits(),
            auth: reader.auth(environment),
            log: reader.log(),
            traces: reader.traces(),
        };
        reader.finish(config)
    }

    /// Returns the namespace of all keys, such as `jollyjet:dev`. Two environments never share an entry.
    pub fn namespace(&self) -> String {
        format!("{}:{}", self.key_prefix, self.environment.short_name())
    }
}

impl Environment {
    fn short_name(self) -> &'static str {
        match self {
            Environment::Development => "dev",
            Environment::Staging => "staging",
            Environment::Production => "prod",
        }
    }
}

impl ConfigError {
    /// Returns one text for each mistake: the variable, its value unless it may be secret, and the allowed values.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} mistake(s):", self.mistakes.len())?;
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests;
