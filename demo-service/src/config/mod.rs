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

/// The most doublings of the pause between attempts to reconnect.
const MAX_REDIS_RETRIES: u32 = 10;
/// The most databases a Redis server is asked for.
const MAX_REDIS_DB: u32 = 1_023;
/// The longest prefix of keys; the namespace adds the environment to it.
const MAX_PREFIX_CHARS: usize = 48;
/// No wait on Redis is longer.
const MAX_REDIS_WAIT: Duration = Duration::from_secs(60);
/// No entry lives longer.
const MAX_TTL: Duration = Duration::from_secs(24 * 30 * 60 * 60);

/// Where the process runs, and whose keys it uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Environment {
    /// On somebody's desk; the default.
    #[default]
    Development,
    /// For a last look.
    Staging,
    /// For customers.
    Production,
}

/// Redis, if it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisConfig {
    /// Where it is.
    pub url: RedisUrl,
    /// The password, instead of the URL's.
    pub password: Option<Secret>,
    /// The database, instead of the URL's.
    pub database: Option<u32>,
    /// How long one attempt to connect may take. Default: 1 s.
    pub connection_timeout: Duration,
    /// How often the pause between attempts to reconnect doubles, 0 to 10. Default: 5.
    pub max_retries: u32,
    /// The pause after the first failed attempt. Default: 20 ms.
    pub retry_delay: Duration,
}

/// How long entries live, where it is not to be as long as the use case's attribute has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lifetimes {
    /// All entries, but for those that the two below are set for.
    pub default: Option<Duration>,
    /// Lists and counts.
    pub short: Option<Duration>,
    /// Single products.
    pub long: Option<Duration>,
}

/// The admin API and page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdminConfig {
    /// What an admin shows; without it everything but the statistics is off.
    pub token: Option<Secret>,
    /// Whether values are hidden.
    pub hide_values: bool,
}

/// Where traces are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceConfig {
    /// The collector, which takes OTLP over HTTP.
    pub endpoint: String,
    /// What the service is called in traces. Default: `jollyjet`.
    pub service: String,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen. Default: 127.0.0.1.
    pub host: IpAddr,
    /// On which port; 0 takes a free one. Default: 3000.
    pub port: u16,
    /// Where the process runs.
    pub environment: Environment,
    /// What all keys begin with, before the environment's name. Default: `jollyjet`.
    pub key_prefix: String,
    /// Redis; without it entries and sessions are kept in this process, which outside of development has to be allowed.
    pub redis: Option<RedisConfig>,
    /// How long entries live.
    pub lifetimes: Lifetimes,
    /// The admin API and page.
    pub admin: AdminConfig,
    /// Whether the cache is warmed up after the start. Default: no.
    pub warm_up: bool,
    /// MongoDB; without it products are kept in this process, which outside of development has to be allowed.
    pub mongodb: Option<MongoUri>,
    /// How many requests a client may send.
    pub rate_limits: RateLimitConfig,
    /// Who may log in.
    pub auth: AuthConfig,
    /// What is logged, in the syntax of `tracing-subscriber`. Default: `info`.
    pub log: String,
    /// Where traces are sent; without it there are none.
    pub traces: Option<TraceConfig>,
}

/// Every mistake in the configuration. No password is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    mistakes: Vec<String>,
}

impl Config {
    /// Reads the configuration through `lookup`, which gives the value of a variable.
    ///
    /// A variable that is set to nothing counts as not set, as in a copied `.env.example`.
    ///
    /// # Errors
    /// Every mistake there is, not only the first.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(&lookup);
        // In the order in which mistakes are told.
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

    /// The namespace of all keys, such as `jollyjet:dev`: two environments never share an entry.
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
    /// One text a mistake: which variable, what it holds unless that is secret, and what is allowed.
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
