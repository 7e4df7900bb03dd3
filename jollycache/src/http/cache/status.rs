//! `CacheStatus`: how a request was handled, for the fields `Cache-Status` (RFC 9211) and `X-Cache`.

use std::fmt::{self, Write};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// RFC 9211.
pub(super) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// The older, informal field.
pub(super) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// Why a request was forwarded to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forwarded {
    /// The path has no route.
    NoRoute,
    /// The cache was disabled for the request, or unavailable.
    Bypass,
    /// The method requires it.
    Method,
    /// No response is stored for the URI.
    UriMiss,
    /// Responses are stored for the URI, but no matching variant.
    VaryMiss,
    /// The stored response needs validation.
    Stale,
    /// The request's directives exclude the stored response.
    Request,
}

/// The layer's member of `Cache-Status` on one response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CacheStatus {
    /// `None` for a hit.
    pub(super) forwarded: Option<Forwarded>,
    pub(super) forwarded_status: Option<StatusCode>,
    pub(super) ttl: Option<i64>,
    pub(super) stored: bool,
    pub(super) collapsed: bool,
    pub(super) revalidated: bool,
    /// A token of RFC 9651.
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

    /// Appends the member to `Cache-Status`, after those of inner caches, and sets `X-Cache`.
    ///
    /// Without a route `X-Cache` is left alone: it has one value for the whole response, which would contradict an
    /// inner cache.
    pub(super) fn append_to(&self, headers: &mut HeaderMap, name: &str) {
        if let Ok(value) = HeaderValue::try_from(format!("{name}{self}")) {
            headers.append(CACHE_STATUS, value);
        }
        if let Some(value) = self.x_cache() {
            headers.insert(X_CACHE, HeaderValue::from_static(value));
        }
    }

    /// The value of `X-Cache`.
    fn x_cache(&self) -> Option<&'static str> {
        Some(match self.forwarded {
            Some(Forwarded::NoRoute) => return None,
            None if self.ttl.is_some_and(|ttl| ttl <= 0) => "STALE",
            None => "HIT",
            Some(_) if self.revalidated => "REVALIDATED",
            Some(Forwarded::Bypass | Forwarded::Method) => "BYPASS",
            // A stored response was served because the service failed.
            Some(_) if self.ttl.is_some_and(|ttl| ttl <= 0) => "STALE",
            Some(_) => "MISS",
        })
    }
}

/// The parameters, each preceded by `;`.
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
        for (is_set, parameter) in [(self.stored, "stored"), (self.collapsed, "collapsed")] {
            if is_set {
                write!(f, "; {parameter}")?;
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

/// A string of RFC 9651, which has printable ASCII only; other characters become `?`.
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
    fn it_is_written_as_in_rfc_9211() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_STATUS, HeaderValue::from_static("Inner; fwd=uri-miss"));
        CacheStatus { ttl: Some(376), ..CacheStatus::default() }.append_to(&mut headers, "jollycache");
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
    fn x_cache_has_the_most_important_part() {
        let stale = CacheStatus { ttl: Some(-3), ..CacheStatus::default() };
        let on_error = CacheStatus { ttl: Some(-3), ..CacheStatus::forwarded(Forwarded::Stale) };
        let validated =
            CacheStatus { revalidated: true, ttl: Some(9), ..CacheStatus::forwarded(Forwarded::Stale) };
        let statuses = [stale, on_error, validated, CacheStatus::forwarded(Forwarded::UriMiss)];
        assert_eq!(
            statuses.map(|status| status.x_cache().unwrap()),
            ["STALE", "STALE", "REVALIDATED", "MISS"]
        );
        assert_eq!(CacheStatus::no_route().x_cache(), None);
    }
}
