//! `Reader`: reads variables, and collects every mistake, so that all are reported at once.

use std::str::FromStr;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::duration::{self, Unit};
use super::{
    Config, ConfigError, Environment, Lifetimes, MAX_PREFIX_CHARS, MAX_REDIS_DB, MAX_REDIS_RETRIES,
    MAX_REDIS_WAIT, MAX_TTL, MongoUri, RedisConfig, RedisUrl, Secret,
};

pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    mistakes: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Reader { lookup, mistakes: Vec::new() }
    }

    pub(super) fn finish(self, config: Config) -> Result<Config, ConfigError> {
        if self.mistakes.is_empty() {
            return Ok(config);
        }
        let mistakes = self.mistakes;
        Err(ConfigError { mistakes })
    }

    /// Returns the parsed value, or `default` if the variable is not set.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, expected: &str, default: T) -> T {
        self.checked(name, expected, |text| text.parse().ok()).unwrap_or(default)
    }

    pub(super) fn environment(&mut self) -> Environment {
        let expected = "development, staging or production";
        let environment = self.checked("APP_ENV", expected, |text| match text {
            "development" => Some(Environment::Development),
            "staging" => Some(Environment::Staging),
            "production" => Some(Environment::Production),
            _ => None,
        });
        environment.unwrap_or_default()
    }

    /// Returns whether the addresses of Redis and MongoDB are required. Without servers each process has products and
    /// entries of its own and loses them at its end, which is expected in development only.
    pub(super) fn requires_servers(&mut self, environment: Environment) -> bool {
        let allows_embedded = self.switch("ALLOW_EMBEDDED");
        environment != Environment::Development && !allows_embedded
    }

    pub(super) fn key_prefix(&mut self) -> String {
        let expected =
            format!("1 to {MAX_PREFIX_CHARS} letters, digits, '-', '_', '.', with single ':' between");
        let prefix = self.checked("REDIS_KEY_PREFIX", &expected, |text| {
            // The prefix may be written with the separator that follows it.
            let text = text.strip_suffix(':').unwrap_or(text);
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            let well_formed = text.split(':').all(|part| !part.is_empty() && part.bytes().all(allowed));
            (well_formed && text.len() <= MAX_PREFIX_CHARS).then(|| text.to_owned())
        });
        prefix.unwrap_or_else(|| "jollyjet".to_owned())
    }

    pub(super) fn redis(&mut self, is_required: bool) -> Option<RedisConfig> {
        let password = self.value("REDIS_PASSWORD").map(Secret::new);
        let database = self.bounded("REDIS_DB", MAX_REDIS_DB);
        let connection_timeout = self.wait("REDIS_CONNECTION_TIMEOUT", 1, 1_000);
        let max_retries = self.bounded("REDIS_MAX_RETRIES", MAX_REDIS_RETRIES).unwrap_or(5);
        let retry_delay = self.wait("REDIS_RETRY_DELAY", 0, 20);
        let Some(url) = self.server("REDIS_URL", is_required) else {
            self.needs_url("REDIS_PASSWORD", password.is_some());
            self.needs_url("REDIS_DB", database.is_some());
            return None;
        };
        let url = self.noted("REDIS_URL", RedisUrl::new(&url))?;
        Some(RedisConfig { url, password, database, connection_timeout, max_retries, retry_delay })
    }

    pub(super) fn lifetimes(&mut self) -> Lifetimes {
        Lifetimes {
            default: self.ttl("CACHE_DEFAULT_TTL"),
            short: self.ttl("CACHE_SHORT_TTL"),
            long: self.ttl("CACHE_LONG_TTL"),
        }
    }

    pub(super) fn mongodb(&mut self, is_required: bool) -> Option<MongoUri> {
        let uri = self.server("MONGODB_URI", is_required)?;
        self.noted("MONGODB_URI", MongoUri::new(&uri))
    }

    pub(super) fn log(&mut self) -> String {
        let log = self.value("RUST_LOG").unwrap_or_else(|| "info".to_owned());
        if let Err(error) = EnvFilter::try_new(&log) {
            self.mistakes.push(format!("RUST_LOG is {log:?}: {error}"));
        }
        log
    }

    fn ttl(&mut self, name: &str) -> Option<Duration> {
        let expected = "a duration from 1s to 30d such as 300 (seconds), 5m or 1h";
        self.checked(name, expected, |text| {
            duration::parse(text, Unit::Seconds)
                .filter(|ttl| (Duration::from_secs(1)..=MAX_TTL).contains(ttl))
        })
    }

    /// Returns the address of a server; a missing one is a mistake if `is_required`.
    fn server(&mut self, name: &str, is_required: bool) -> Option<String> {
        let address = self.value(name);
        if address.is_none() && is_required {
            let mistake = "is not set: outside of development it is required, unless ALLOW_EMBEDDED=true";
            self.mistake(format!("{name} {mistake}"));
        }
        address
    }

    fn wait(&mut self, name: &str, min_ms: u64, default_ms: u64) -> Duration {
        let expected = format!("a duration from {min_ms}ms to 1m such as 500 (milliseconds) or 2s");
        let bounds = Duration::from_millis(min_ms)..=MAX_REDIS_WAIT;
        let wait = self.checked(name, &expected, |text| {
            duration::parse(text, Unit::Milliseconds).filter(|wait| bounds.contains(wait))
        });
        wait.unwrap_or(Duration::from_millis(default_ms))
    }

    fn bounded(&mut self, name: &str, max: u32) -> Option<u32> {
        let expected = format!("a number from 0 to {max}");
        self.checked(name, &expected, |text| text.parse().ok().filter(|number| *number <= max))
    }

    /// Returns the value as `check` reads it; a value that it rejects is a mistake.
    pub(super) fn checked<T>(
        &mut self,
        name: &str,
        expected: &str,
        check: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.value(name)?;
        let value = check(&text);
        if value.is_none() {
            self.mistakes.push(format!("{name} is {text:?}: expected {expected}"));
        }
        value
    }

    /// As [`checked`](Reader::checked) for values that may contain secrets: the mistake does not repeat the value.
    pub(super) fn noted<T>(&mut self, name: &str, value: Result<T, &'static str>) -> Option<T> {
        value.map_err(|expected| self.mistakes.push(format!("{name}: {expected}"))).ok()
    }

    /// Adds a mistake.
    pub(super) fn mistake(&mut self, mistake: String) {
        self.mistakes.push(mistake);
    }

    fn needs_url(&mut self, name: &str, is_set: bool) {
        if is_set {
            self.mistakes.push(format!("{name} is set, but REDIS_URL is not: entries would stay in memory"));
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}
