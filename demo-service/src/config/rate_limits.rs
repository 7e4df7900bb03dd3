//! The variables of the rate limits.

use std::time::Duration;

use jollycache::http::rate_limit::ClientIp;

use super::duration::{self, Unit};
use super::reader::Reader;

/// The maximum quota of a sliding window log.
const MAX_REQUESTS: u64 = jollycache::rate_limit::MAX_LOG_QUOTA;
/// The maximum length of a window.
const MAX_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The rate limits of `/api`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitConfig {
    /// Whether requests are limited. Default: true.
    pub enabled: bool,
    /// The maximum number of requests of a client in a window. Default: 100.
    pub max_requests: u64,
    /// The window. Default: 60 s.
    pub window: Duration,
    /// The proxies whose `X-Forwarded-For` is trusted: addresses, and networks such as `10.0.0.0/8`. Default: none.
    pub trusted_proxies: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn rate_limits(&mut self) -> RateLimitConfig {
        let expected = format!("a number from 1 to {MAX_REQUESTS}");
        let max_requests = self.checked("RATE_LIMIT_MAX_REQUESTS", &expected, |text| {
            text.parse().ok().filter(|requests| (1..=MAX_REQUESTS).contains(requests))
        });
        let expected = "a duration from 1s to 24h such as 60 (seconds) or 1m";
        let window = self.checked("RATE_LIMIT_WINDOW", expected, |text| {
            duration::parse(text, Unit::Seconds)
                .filter(|window| (Duration::from_secs(1)..=MAX_WINDOW).contains(window))
        });
        RateLimitConfig {
            enabled: self.parsed("RATE_LIMIT_ENABLED", "true or false", true),
            max_requests: max_requests.unwrap_or(100),
            window: window.unwrap_or(Duration::from_secs(60)),
            trusted_proxies: self.trusted_proxies(),
        }
    }

    fn trusted_proxies(&mut self) -> Vec<String> {
        let expected = "addresses, or networks such as 10.0.0.0/8, with commas between";
        let proxies = self.checked("TRUSTED_PROXIES", expected, |text| {
            let proxies: Vec<String> = text.split(',').map(|proxy| proxy.trim().to_owned()).collect();
            ClientIp::new().trust_proxies(&proxies).is_ok().then_some(proxies)
        });
        proxies.unwrap_or_default()
    }
}
