//! `CacheStatus`: what the cache did, for the fields `Cache-Status` (RFC 9211) and `X-Cache`.

use std::fmt::{self, Write};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// The field of RFC 9211.
pub(super) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// The field that came before it.
pub(super) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// Why the request went on to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forwarded {
    /// No response of this path is ever stored.
    NoRoute,
    /// The cache was not to be used, or could not be.
    Bypass,
    /// The method has no stored responses.
    Method,
    /// Nothing is stored for the URI.
    UriMiss,
    /// Something is, but for other values of the fields it varies by.
    VaryMiss,
    /// What is stored had to be validated.
    Stale,
    /// The request asked for it.
    Request,
}

/// What is said of one response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CacheStatus {
    /// `None` for a hit.
    pub(super) forwarded: Option<Forwarded>,
    pub(super) forwarded_status: Option<StatusCode>,
    pub(super) ttl: Option<i64>,
    pub(super) stored: bool,
    pub(super) collapsed: bool,
    pub(super) revalidated: bool,
    /// A token.
    pub(super) detail: Option<&'static str>,
    pub(super) key: Option<String>,
}

impl CacheStatus {
    pub(super) fn forwarded(why: Forwarded) -> Self {
        CacheStatus { forwarded: Some(why), ..CacheStatus::default() }
    }

    pub(super) fn no_route() -> Self {
        CacheStatus { detail: Some("no-route"), ..CacheStatus::forwarded(Forwarded::NoRoute) }
    }

    pub(super) fn bypass(detail: &'static str) -> Self {
        CacheStatus { detail: Some(detail), ..CacheStatus::forwarded(Forwarded::Bypass) }
    }

    /// Adds both fields; what an inner cache said in the first stays before it. Without a route the second is left to
    /// the service: a word for the whole response would contradict what the caches inside have reported.
    pub(super) fn tell(&self, name: &str, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::try_from(format!("{name}{self}")) {
            headers.append(CACHE_STATUS, value);
        }
        if let Some(word) = self.in_a_word() {
            headers.insert(X_CACHE, HeaderValue::from_static(word));
        }
    }

    fn in_a_word(&self) -> Option<&'static str> {
        Some(match self.forwarded {
            Some(Forwarded::NoRoute) => return None,
            None if self.ttl.is_some_and(|ttl| ttl <= 0) => "STALE",
            None => "HIT",
            Some(_) if self.revalidated => "REVALIDATED",
            Some(Forwarded::Bypass | Forwarded::Method) => "BYPASS",
            // The service failed, and what is stored stood in for it.
            Some(_) if self.ttl.is_some_and(|ttl| ttl <= 0) => "STALE",
            Some(_) => "MISS",
        })
    }
}

/// The parameters, each with its `;` before it.
impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.forwarded {
            None => f.write_str("; hit")?,
            Some(why) => write!(f, "; fwd={}", why.as_str())?,
        }
        if let Some(status) = self.forwarded_status {
            write!(f, "; fwd-status={}", status.as_u16())?;
        }
        if let Some(ttl) = self.ttl {
            write!(f, "; ttl={ttl}")?;
        }
        for (is_said, word) in [(self.stored, "stored"), (self.collapsed, "collapsed")] {
            if is_said {
                write!(f, "; {word}")?;
            }
        }
        if let Some(key) = &self.key {
            f.write_str("; key=")?;
            write_string(f, key)?;
        }
        match self.detail {
            Some(detail) => write!(f, "; detail={detail}"),
            None => Ok(()),
        }
    }
}

/// A string of RFC 9651, which knows visible ASCII only; the rest becomes `?`.
fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            ' '..='~' => f.write_char(character)?,
            _ => f.write_char('?')?,
        }
    }
    f.write_char('"')
}

impl Forwarded {
    fn as_str(self) -> &'static str {
        match self {
            Forwarded::NoRoute | Forwarded::Bypass => "bypass",
            Forwarded::Method => "method",
            Forwarded::UriMiss => "uri-miss",
            Forwarded::VaryMiss => "vary-miss",
            Forwarded::Stale => "stale",
            Forwarded::Request => "request",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_rfc_9211_shows() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_STATUS, HeaderValue::from_static("Inner; fwd=uri-miss"));
        CacheStatus { ttl: Some(376), ..CacheStatus::default() }.tell("jollycache", &mut headers);
        let lines: Vec<_> = headers.get_all(CACHE_STATUS).iter().collect();
        assert_eq!(lines, ["Inner; fwd=uri-miss", "jollycache; hit; ttl=376"]);
        let miss = CacheStatus {
            forwarded_status: Some(StatusCode::OK),
            stored: true,
            collapsed: true,
            key: Some("a\"\\\u{e9}\n".to_owned()),
            ..CacheStatus::forwarded(Forwarded::VaryMiss)
        };
        let text = r#"; fwd=vary-miss; fwd-status=200; stored; collapsed; key="a\"\\??""#;
        assert_eq!(miss.to_string(), text);
        assert_eq!(CacheStatus::bypass("credentials").to_string(), "; fwd=bypass; detail=credentials");
    }

    #[test]
    fn one_word_says_the_most_important() {
        let stale = CacheStatus { ttl: Some(-3), ..CacheStatus::default() };
        let stood_in = CacheStatus { ttl: Some(-3), ..CacheStatus::forwarded(Forwarded::Stale) };
        let validated =
            CacheStatus { revalidated: true, ttl: Some(9), ..CacheStatus::forwarded(Forwarded::Stale) };
        let words = [stale, stood_in, validated, CacheStatus::forwarded(Forwarded::UriMiss)];
        assert_eq!(
            words.map(|status| status.in_a_word().unwrap()),
            ["STALE", "STALE", "REVALIDATED", "MISS"]
        );
        assert_eq!(CacheStatus::no_route().in_a_word(), None);
    }
}
