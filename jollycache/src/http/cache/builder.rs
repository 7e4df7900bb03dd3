//! `ResponseCacheLayerBuilder`: what a layer is made of, checked in one place.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

use super::layer::ResponseCacheLayer;
use super::route::Route;
use super::settings::Settings;
use super::template::{TagTemplate, parameters};
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};

/// The largest body that is stored, for which nothing else is said.
pub const DEFAULT_MAX_BODY_BYTES: usize = 1024 * 1024;
/// How long past its lifetime a response is kept that the service can validate.
const DEFAULT_KEEP_STALE: Duration = Duration::from_secs(10 * 60);
/// What a stored head may add to a body.
const HEAD_BYTES: usize = 64 * 1024;
/// The most tags that a route can give: the entry has one more, of its URI.
const MAX_ROUTE_TAGS: usize = crate::policy::MAX_TAGS - 1;

/// What layers of this crate say of one request or one process; it must not be said to another.
const NOT_STORED: [&str; 8] = [
    "ratelimit",
    "ratelimit-policy",
    "server-timing",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
    "x-response-time",
];

/// Builds a [`ResponseCacheLayer`].
#[derive(Debug)]
#[must_use]
pub struct ResponseCacheLayerBuilder {
    cache: Cache,
    region: String,
    name: String,
    routes: Vec<(String, Route)>,
    default_route: Option<Route>,
    max_body_bytes: usize,
    keep_stale: Duration,
    honours_requests: bool,
    shows_key: bool,
    targeted: Option<String>,
    credentials: Vec<String>,
    stripped: Vec<String>,
    not_stored: Vec<String>,
}

impl ResponseCacheLayerBuilder {
    pub(super) fn new(cache: Cache) -> Self {
        ResponseCacheLayerBuilder {
            cache,
            region: "http".to_owned(),
            name: "jollycache".to_owned(),
            routes: Vec::new(),
            default_route: None,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            keep_stale: DEFAULT_KEEP_STALE,
            honours_requests: true,
            shows_key: false,
            targeted: None,
            credentials: Vec::new(),
            stripped: Vec::new(),
            not_stored: Vec::new(),
        }
    }

    /// Caches the paths that match, as axum matches them: `/products/{id}`, `/files/{*path}`. The path is the one
    /// that the layer sees, so inside a nested router it is without the prefix. Default: no path is cached.
    pub fn route(mut self, path: impl Into<String>, route: Route) -> Self {
        self.routes.push((path.into(), route));
        self
    }

    /// Caches the paths that match no route. Default: they are not cached.
    pub fn default_route(mut self, route: Route) -> Self {
        self.default_route = Some(route);
        self
    }

    /// The region of the stored responses: it counts them, and its policy says how long leases, waits and operations
    /// take. Lifetimes are those of the responses. Default: `http`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// What this cache calls itself in `Cache-Status`: a token of RFC 9651. Default: `jollycache`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The largest body that is stored, in bytes. A larger one streams through. Default: 1 MiB.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// How long past its lifetime a response that has a validator of the service's is kept, so that a 304 can make it
    /// fresh again. Default: 10 minutes.
    pub fn keep_stale(mut self, keep_stale: Duration) -> Self {
        self.keep_stale = keep_stale;
        self
    }

    /// Whether the `Cache-Control` of requests counts, as RFC 9111 says. With it, any client can have the service
    /// asked on each request (`no-cache`, `no-store`); a server in front of which no other cache stands may rather
    /// not let it. Default: `true`.
    pub fn honour_request_directives(mut self, honoured: bool) -> Self {
        self.honours_requests = honoured;
        self
    }

    /// Whether `Cache-Status` tells the key. It helps in tests; it tells clients more than they need. Default:
    /// `false`.
    pub fn show_key(mut self, shown: bool) -> Self {
        self.shows_key = shown;
        self
    }

    /// A field of responses that is for this cache, such as `CDN-Cache-Control` (RFC 9213): where it is there and
    /// well-formed, `Cache-Control` and `Expires` do not count. Default: none.
    pub fn targeted_field(mut self, name: impl Into<String>) -> Self {
        self.targeted = Some(name.into());
        self
    }

    /// A further field of requests that says who asks, besides `Authorization`, `Proxy-Authorization` and `Cookie`:
    /// an API key, say. To a request that has it, only what is for everybody is served (`public`, `s-maxage`), and
    /// of its responses only such are stored. Default: none.
    pub fn credential_header(mut self, name: impl Into<String>) -> Self {
        self.credentials.push(name.into());
        self
    }

    /// Fields that are taken off cacheable requests before the service sees them: what it does not see cannot change
    /// what others are served. Default: none.
    pub fn strip_unkeyed<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.stripped.extend(names.into_iter().map(Into::into));
        self
    }

    /// Further fields of responses that are not stored with them, besides those that belong to a connection and those
    /// that this crate's layers set for one request (request id, times, rate limits). Default: none.
    pub fn drop_response_headers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.not_stored.extend(names.into_iter().map(Into::into));
        self
    }

    /// Checks everything and builds the layer.
    ///
    /// # Errors
    /// [`ErrorKind::Config`], saying what was found and what is allowed.
    pub fn build(self) -> Result<ResponseCacheLayer> {
        let value_bytes = self.cache.engine.limits.value_bytes;
        let most_body = value_bytes.saturating_sub(HEAD_BYTES);
        let check_body = |bytes: usize| {
            let fits = (1..=most_body).contains(&bytes);
            fits.then_some(()).ok_or_else(|| {
                wrong(&format!(
                    "max_body_bytes is {bytes}: expected 1 to {most_body}, as the cache's max_value_bytes is \
                     {value_bytes}"
                ))
            })
        };
        check_body(self.max_body_bytes)?;
        check_name("name", &self.name)?;
        check_name("region", &self.region)?;
        let mut routes = matchit::Router::new();
        for (path, route) in self.routes {
            route.max_body_bytes.map_or(Ok(()), check_body)?;
            let checked = checked(route, &path)?;
            let found = routes.insert(path.as_str(), Arc::new(checked));
            found.map_err(|error| wrong(&format!("route {path:?}: {error}")))?;
        }
        let default_route = match self.default_route {
            Some(route) => {
                route.max_body_bytes.map_or(Ok(()), check_body)?;
                Some(Arc::new(checked(route, "")?))
            }
            None => None,
        };
        let mut credentials = header_names("credential_header", self.credentials)?;
        credentials.extend([AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE]);
        let mut not_stored = header_names("drop_response_headers", self.not_stored)?;
        not_stored.extend(NOT_STORED.map(HeaderName::from_static));
        let targeted = header_names("targeted_field", self.targeted.into_iter().collect())?.pop();
        Ok(ResponseCacheLayer::new(Settings {
            region: self.region.into(),
            name: self.name.into(),
            routes,
            default_route,
            max_body_bytes: self.max_body_bytes,
            keep_stale: self.keep_stale,
            honours_requests: self.honours_requests,
            shows_key: self.shows_key,
            targeted,
            credentials,
            stripped: header_names("strip_unkeyed", self.stripped)?,
            not_stored,
            cache: self.cache,
        }))
    }
}

/// The route with its texts read.
fn checked(mut route: Route, path: &str) -> Result<Route> {
    let whose = if path.is_empty() { "the default route".to_owned() } else { format!("route {path:?}") };
    let in_route = |what: String| wrong(&format!("{whose}: {what}"));
    if route.tags.len() > MAX_ROUTE_TAGS {
        return Err(in_route(format!("{} tags, expected at most {MAX_ROUTE_TAGS}", route.tags.len())));
    }
    if route.defaults.ttl.is_some_and(|ttl| ttl < Duration::from_secs(1)) {
        return Err(in_route(format!(
            "ttl is {:?}: expected at least 1 s",
            route.defaults.ttl.unwrap_or_default()
        )));
    }
    let known = parameters(path);
    let templates = route.tags.iter().map(|tag| TagTemplate::parse(tag, &known));
    route.templates = templates.collect::<Result<_, _>>().map_err(in_route)?;
    route.header_names =
        header_names(&format!("{whose}: key_header"), std::mem::take(&mut route.key_headers))?;
    Ok(route)
}

fn header_names(whose: &str, names: Vec<String>) -> Result<Vec<HeaderName>> {
    let parse = |name: String| {
        let parsed = HeaderName::from_bytes(name.as_bytes());
        parsed.map_err(|_| wrong(&format!("{whose}: {name:?} is not the name of a field")))
    };
    names.into_iter().map(parse).collect()
}

/// A token of RFC 9651, short enough to be read.
fn check_name(what: &str, name: &str) -> Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if starts_well && is_token && name.len() <= 64 {
        return Ok(());
    }
    Err(wrong(&format!(
        "{what} is {name:?}: expected a letter and at most 63 letters, digits, '-', '_', '.'"
    )))
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("response cache: {what}"))
}
