//! Addresses of servers. They may hold a password, and never show it.

use std::fmt;

/// What stands for a password.
const HIDDEN: &str = "***";

/// The address of a Redis server, with password and database.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

/// The address of a MongoDB server.
#[derive(Clone, PartialEq, Eq)]
pub struct MongoUri(String);

impl RedisUrl {
    /// Puts together `REDIS_URL`, `REDIS_PASSWORD` and `REDIS_DB`. The last two win over what the URL holds.
    ///
    /// # Errors
    /// What is wrong with it, without the URL.
    pub(super) fn new(url: &str, password: Option<&str>, db: Option<u32>) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected redis://host:port, rediss://host:port or unix:/path/to/socket";
        let (scheme, rest) = url.split_once(':').ok_or(EXPECTED)?;
        match scheme {
            "redis" | "rediss" => {
                let rest = rest.strip_prefix("//").ok_or(EXPECTED)?;
                tcp(scheme, rest, password, db).ok_or(EXPECTED).map(RedisUrl)
            }
            "unix" => unix(rest, password, db).ok_or(EXPECTED).map(RedisUrl),
            _ => Err(EXPECTED),
        }
    }

    /// The whole URL, with the password: for the client, not for people.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl MongoUri {
    /// Takes `MONGODB_URI`.
    ///
    /// # Errors
    /// What is wrong with it, without the URI.
    pub(super) fn new(uri: &str) -> Result<Self, &'static str> {
        if uri.starts_with("mongodb+srv://") {
            return Err("mongodb+srv:// is not built in; name the servers: mongodb://host:port");
        }
        let servers = uri.strip_prefix("mongodb://").ok_or("expected mongodb://host:port/database")?;
        let empty = servers.is_empty() || servers.contains(char::is_whitespace);
        (!empty)
            .then(|| MongoUri(uri.to_owned()))
            .ok_or("expected mongodb://host:port/database")
    }

    /// The whole URI, with the password: for the client, not for people.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// `//[user[:password]@]host[:port][/db][?…]`
fn tcp(scheme: &str, rest: &str, password: Option<&str>, db: Option<u32>) -> Option<String> {
    let (place, options) = rest.split_once('?').map_or((rest, None), |(place, options)| (place, Some(options)));
    let (place, path) = place.split_once('/').unwrap_or((place, ""));
    let (user, host) = place.rsplit_once('@').unwrap_or(("", place));
    if host.is_empty() || host.contains(char::is_whitespace) || (!path.is_empty() && path.parse::<u32>().is_err()) {
        return None;
    }
    let login = match password {
        Some(password) => format!("{}:{}@", user.split(':').next()?, escape(password)),
        None if user.is_empty() => String::new(),
        None => format!("{user}@"),
    };
    let db = db.map_or_else(|| path.to_owned(), |db| db.to_string());
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    Some(format!("{scheme}://{login}{host}/{db}{options}"))
}

/// `/path[?…]`, also with `//` in front.
fn unix(rest: &str, password: Option<&str>, db: Option<u32>) -> Option<String> {
    let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
    let path = path.strip_prefix("//").unwrap_or(path);
    if !path.starts_with('/') {
        return None;
    }
    let kept = options.split('&').filter(|option| {
        let name = option.split('=').next().unwrap_or_default();
        !(option.is_empty() || name == "pass" && password.is_some() || name == "db" && db.is_some())
    });
    let added = [
        db.map(|db| format!("db={db}")),
        password.map(|password| format!("pass={}", escape(password))),
    ];
    let options: Vec<String> = kept.map(str::to_owned).chain(added.into_iter().flatten()).collect();
    let separator = if options.is_empty() { "" } else { "?" };
    Some(format!("unix:{path}{separator}{}", options.join("&")))
}

/// Percent-escapes what RFC 3986 does not leave as it is.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let escaped = text.bytes().map(|byte| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    escaped.collect()
}

/// The URL without what may be secret: login and options.
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

    fn redis(url: &str, password: Option<&str>, db: Option<u32>) -> String {
        RedisUrl::new(url, password, db).unwrap().reveal().to_owned()
    }

    #[test]
    fn password_and_database_are_put_in() {
        assert_eq!(redis("redis://h:1", None, None), "redis://h:1/");
        assert_eq!(redis("redis://h:1/2", None, None), "redis://h:1/2");
        assert_eq!(redis("redis://h:1/2", Some("p@ss/:?"), Some(3)), "redis://:p%40ss%2F%3A%3F@h:1/3");
        assert_eq!(redis("rediss://me:old@h", Some("new"), None), "rediss://me:new@h/");
        assert_eq!(redis("redis://me:a@b@h?protocol=resp3", None, Some(1)), "redis://me:a@b@h/1?protocol=resp3");
        assert_eq!(redis("unix:/run/r.sock", None, None), "unix:/run/r.sock");
        assert_eq!(redis("unix:///run/r.sock?db=1&pass=x", Some("y&z"), Some(2)), "unix:/run/r.sock?db=2&pass=y%26z");
    }

    #[test]
    fn other_schemes_and_broken_urls_are_refused() {
        for url in ["http://h", "redis:h", "redis://", "redis://h/x", "redis://a b", "unix:r.sock", "", "h:6379"] {
            assert!(RedisUrl::new(url, None, None).is_err(), "{url}");
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
        let url = RedisUrl::new("redis://:secret@h", None, None).unwrap();
        assert!(!format!("{url} {url:?}").contains("secret"));
    }
}
