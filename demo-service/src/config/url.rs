//! Addresses of servers. They may contain a password; `Debug` and `Display` hide it.

use std::fmt;

/// The replacement of a password.
const HIDDEN: &str = "***";

/// The address of a Redis or Valkey server: `redis://` or `valkey://`, `rediss://` or `valkeys://`, or `unix:`.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

/// The address of a MongoDB server.
#[derive(Clone, PartialEq, Eq)]
pub struct MongoUri(String);

/// A password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl RedisUrl {
    /// Checks `REDIS_URL`.
    ///
    /// # Errors
    /// The expected form; the text does not repeat the URL.
    pub fn new(url: &str) -> Result<Self, &'static str> {
        let tcp = |rest: &str| {
            let place = rest.split(['/', '?']).next().unwrap_or_default();
            place.rsplit('@').next().is_some_and(|host| !host.is_empty())
        };
        let well_formed = match url.split_once(':') {
            Some(("redis" | "rediss" | "valkey" | "valkeys", rest)) => {
                rest.strip_prefix("//").is_some_and(tcp)
            }
            Some(("unix", path)) => path.strip_prefix("//").unwrap_or(path).starts_with('/'),
            _ => false,
        };
        if !well_formed || url.contains(char::is_whitespace) {
            return Err("expected redis://host:port, valkey://host:port or unix:/path/to/socket");
        }
        Ok(RedisUrl(url.to_owned()))
    }

    /// Returns the whole URL with the password, for the client. Do not log it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl MongoUri {
    /// Checks `MONGODB_URI`.
    ///
    /// # Errors
    /// The expected form; the text does not repeat the URI.
    pub fn new(uri: &str) -> Result<Self, &'static str> {
        if uri.starts_with("mongodb+srv://") {
            return Err("mongodb+srv:// is not built in; name the servers: mongodb://host:port/database");
        }
        let servers = uri.strip_prefix("mongodb://").unwrap_or_default();
        if servers.is_empty() || servers.contains(char::is_whitespace) {
            return Err("expected mongodb://host:port/database");
        }
        Ok(MongoUri(uri.to_owned()))
    }

    /// Returns the whole URI with the password, for the client. Do not log it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Secret {
    pub(super) fn new(secret: String) -> Self {
        Secret(secret)
    }

    /// Returns the password, for the client. Do not log it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({HIDDEN})")
    }
}

/// Returns the URL without the parts that may be secret: login and options.
fn redacted(url: &str) -> String {
    let (place, hidden) = url.split_once('?').map_or((url, ""), |(place, _)| (place, "?***"));
    let (scheme, rest) = place.split_once("//").map_or(("", place), |(scheme, rest)| (scheme, rest));
    let start = if scheme.is_empty() { String::new() } else { format!("{scheme}//") };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{start}{HIDDEN}@{host}{hidden}"),
        None => format!("{start}{rest}{hidden}"),
    }
}

macro_rules! shown_without_secrets {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&redacted(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), redacted(&self.0))
            }
        }
    )*};
}

shown_without_secrets!(RedisUrl, MongoUri);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_taken() {
        for url in [
            "redis://h",
            "redis://h:1/2",
            "valkey://me:pass@h:1/2",
            "valkeys://h",
            "rediss://me:pa%20ss@h?protocol=resp3",
            "unix:/run/r.sock?db=1",
            "unix:///run/r.sock",
        ] {
            assert_eq!(RedisUrl::new(url).unwrap().reveal(), url);
        }
    }

    #[test]
    fn other_schemes_and_broken_urls_are_refused() {
        for url in [
            "http://h",
            "redis:h",
            "valkey:h",
            "valkey://",
            "redis://",
            "redis://me@",
            "redis:///2",
            "redis://a b",
            "unix:r.sock",
            "",
            "h:6379",
        ] {
            assert!(RedisUrl::new(url).is_err(), "{url}");
        }
        for uri in ["mongodb+srv://h", "http://h", "mongodb://", ""] {
            assert!(MongoUri::new(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let urls = [
            redacted("redis://me:se@cret@h:1/2"),
            redacted("unix:/run/r.sock?pass=secret"),
            redacted("mongodb://me:secret@a,b/db?authMechanismProperties=secret"),
        ];
        assert_eq!(urls, ["redis://***@h:1/2", "unix:/run/r.sock?***", "mongodb://***@a,b/db?***"]);
        let url = RedisUrl::new("redis://:secret@h").unwrap();
        let secret = Secret::new("secret".to_owned());
        assert!(!format!("{url} {url:?} {secret:?}").contains("secret"));
    }
}
