//! `ResponseCacheLayerBuilder`: the settings of a layer, checked in one place.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

use super::layer::ResponseCacheLayer;
use super::route::Route;
use super::settings::Settings;
use super::validate::{check_name, config, header_names, validated};
use crate::cache::Cache;
use crate::error::Result;

/// Default maximum size of a stored body, in bytes.
pub const DEFAULT_MAX_BODY_BYTES: usize = 1024 * 1024;
/// How long a stale response with a validator is kept.
const DEFAULT_KEEP_STALE: Duration = Duration::from_secs(10 * 60);
/// The allowance for a stored head beside a body.
const HEAD_BYTES: usize = 64 * 1024;
/// Fields that layers of this crate set for one request, which other requests must not get.
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
    honours_request_directives: bool,
    shows_key: bool,
    targeted: Option<String>,
    credentials: Vec<String>,
    stripped: Vec<String>,
    not_stored: Vec<String>,
}

impl ResponseCacheLayer {
    /// A builder of a layer that stores in `cache`.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn builder(cache: &Cache) -> ResponseCacheLayerBuilder {
        ResponseCacheLayerBuilder {
            cache: cache.clone(),
            region: "http".to_owned(),
            name: "jollycache".to_owned(),
            routes: Vec::new(),
            default_route: None,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            keep_stale: DEFAULT_KEEP_STALE,
            honours_request_directives: true,
            shows_key: false,
            targeted: None,
            credentials: Vec::new(),
            stripped: Vec::new(),
            not_stored: Vec::new(),
        }
    }
}

impl ResponseCacheLayerBuilder {
    /// Caches the paths that match a pattern of axum: `/products/{id}`, `/files/{*path}`. The path is the one that the layer
    /// sees, so inside a nested router it is without the prefix. Default: no path is cached.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).route("/products/{id}", Default::default()).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn route(mut self, path: impl Into<String>, route: Route) -> Self {
        self.routes.push((path.into(), route));
        self
    }

    /// Caches the paths that match no route. Default: they are not cached.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).default_route(Default::default()).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn default_route(mut self, route: Route) -> Self {
        self.default_route = Some(route);
        self
    }

    /// The region of the stored responses: their statistics, and the policy for leases, waits and timeouts. Lifetimes are
    /// those of the responses. Default: `http`.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).region("pages").build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// The name of this cache in `Cache-Status`: a token of RFC 9651. Default: `jollycache`.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).name("shop").build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Maximum size of a stored body, in bytes; larger ones stream through. Default: 1 MiB.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).max_body_bytes(64 * 1024).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// How long a stale response with a validator of the service's is kept, so that a 304 can freshen it. Default: 10
    /// minutes.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).keep_stale(std::time::Duration::from_secs(3600)).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn keep_stale(mut self, keep_stale: Duration) -> Self {
        self.keep_stale = keep_stale;
        self
    }

    /// Whether the `Cache-Control` of requests is honoured (RFC 9111, section 5.2.1). If it is, any client can force requests
    /// to the service by `no-cache` and `no-store`; without another cache in front there is no need to permit that.
    /// Default: `true`.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).honour_request_directives(false).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn honour_request_directives(mut self, honoured: bool) -> Self {
        self.honours_request_directives = honoured;
        self
    }

    /// Whether `Cache-Status` contains the cache key. It is meant for tests, since it discloses keys to clients. Default:
    /// `false`.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).show_key(true).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn show_key(mut self, shown: bool) -> Self {
        self.shows_key = shown;
        self
    }

    /// A targeted response field for this cache, such as `CDN-Cache-Control` (RFC 9213): where it is present and well-formed,
    /// `Cache-Control` and `Expires` are ignored. Default: none.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).targeted_field("cdn-cache-control").build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn targeted_field(mut self, name: impl Into<String>) -> Self {
        self.targeted = Some(name.into());
        self
    }

    /// A further request field with credentials, such as an API key, besides `Authorization`, `Proxy-Authorization` and
    /// `Cookie`. To requests that carry credentials, only responses with `public` or `s-maxage` are served, and of their
    /// responses only such are stored. Default: none.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).credential_header("x-api-key").build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn credential_header(mut self, name: impl Into<String>) -> Self {
        self.credentials.push(name.into());
        self
    }

    /// Request fields that are removed from cacheable requests: a field that the service does not get cannot change the
    /// response that others are served. Default: none.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).strip_unkeyed(["x-debug"]).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn strip_unkeyed<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.stripped.extend(names.into_iter().map(Into::into));
        self
    }

    /// Further response fields that are not stored, besides those of the connection and those that this crate's layers set
    /// for one request (request id, times, rate limits). Default: none.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).drop_response_headers(["x-served-by"]).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn drop_response_headers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.not_stored.extend(names.into_iter().map(Into::into));
        self
    }

    /// Checks the settings and builds the layer. The backend is not called.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let layer = jollycache::http::ResponseCacheLayer::builder(&cache).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a setting out of range; the text has the value and the range.
    pub fn build(self) -> Result<ResponseCacheLayer> {
        let value_bytes = self.cache.engine.limits.value_bytes;
        let most_body = value_bytes.saturating_sub(HEAD_BYTES);
        let check_body = |bytes: usize| {
            let fits = (1..=most_body).contains(&bytes);
            fits.then_some(()).ok_or_else(|| {
                config(&format!(
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
            let route = validated(route, &path)?;
            let found = routes.insert(path.as_str(), Arc::new(route));
            found.map_err(|error| config(&format!("route {path:?}: {error}")))?;
        }
        let default_route = match self.default_route {
            Some(route) => {
                route.max_body_bytes.map_or(Ok(()), check_body)?;
                Some(Arc::new(validated(route, "")?))
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
            honours_request_directives: self.honours_request_directives,
            shows_key: self.shows_key,
            targeted,
            credentials,
            stripped: header_names("strip_unkeyed", self.stripped)?,
            not_stored,
            cache: self.cache,
        }))
    }
}
