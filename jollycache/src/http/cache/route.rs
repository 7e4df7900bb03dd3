//! `Route`: how the responses of one path are kept.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::request::Parts;

use super::template::TagTemplate;
use super::verdict::Defaults;

type KeyOf = dyn Fn(&Parts) -> Option<String> + Send + Sync;
type Skip = dyn Fn(&Parts) -> bool + Send + Sync;

/// How the responses of one route are kept. Everything has a default, so `Route::new()` caches what the service's
/// own `Cache-Control` allows, and nothing else.
///
/// ```
/// use std::time::Duration;
///
/// use jollycache::http::Route;
///
/// let product = Route::new()
///     .ttl(Duration::from_secs(30))
///     .tag("product:{id}")
///     .query(["currency"])
///     .key_header("x-tenant");
/// # let _ = product;
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Route {
    pub(super) defaults: Defaults,
    pub(super) tags: Vec<String>,
    pub(super) templates: Vec<TagTemplate>,
    pub(super) query: Option<Vec<String>>,
    pub(super) key_headers: Vec<String>,
    pub(super) header_names: Vec<HeaderName>,
    pub(super) user: Option<Arc<KeyOf>>,
    pub(super) key_part: Option<Arc<KeyOf>>,
    pub(super) skip: Vec<Arc<Skip>>,
    pub(super) max_body_bytes: Option<usize>,
    pub(super) ignores_cookies: bool,
}

impl Route {
    /// A route that keeps what the service allows to be kept.
    pub fn new() -> Self {
        Route::default()
    }

    /// How long a good response (200, 203, 204, 300, 301, 308) is fresh that says nothing of it itself. What the
    /// response says wins. Whole seconds. Default: such a response is not stored.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.defaults.ttl = Some(ttl);
        self
    }

    /// As the directive `stale-while-revalidate` (RFC 5861), for responses that do not say it. Default: not at all.
    pub fn stale_while_revalidate(mut self, window: Duration) -> Self {
        self.defaults.while_revalidate = window;
        self
    }

    /// As the directive `stale-if-error` (RFC 5861), for responses that do not say it. Default: not at all.
    pub fn stale_if_error(mut self, window: Duration) -> Self {
        self.defaults.if_error = window;
        self
    }

    /// Tags the responses, so that `#[cache_evict(tags = [...])]` and
    /// [`Cache::evict_tags`](crate::Cache::evict_tags) drop them. `{name}` is a parameter of the path, as a value
    /// in the template of an attribute is. Default: no tags of the route's own.
    pub fn tag(mut self, template: impl Into<String>) -> Self {
        self.tags.push(template.into());
        self
    }

    /// The only parameters of the query that count. Others take no part in the key, and **do not reach the
    /// service**, so that they cannot be used to poison what others are served. Default: all of them count.
    pub fn query<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.query = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Puts a field of the request into the key. For fields that the service's responses name in `Vary` there is
    /// no need. Default: none.
    pub fn key_header(mut self, name: impl Into<String>) -> Self {
        self.key_headers.push(name.into());
        self
    }

    /// Keeps the responses of each user apart. Whoever the function names is taken to be authenticated: call the
    /// layer after the one that does it. For requests with credentials for which it returns `None`, the rules for
    /// credentials hold. It runs on each request: it must be quick, and must not block.
    ///
    /// The name is hashed in the key. Default: all users share.
    pub fn key_user(mut self, user: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.user = Some(Arc::new(user));
        self
    }

    /// Puts into the key whatever the function makes of the request. Default: nothing.
    pub fn key_by(mut self, part: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.key_part = Some(Arc::new(part));
        self
    }

    /// Goes past the cache for requests for which the function returns `true`. May be set more than once; one
    /// `true` is enough. Default: none is skipped.
    pub fn skip_if(mut self, skip: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.skip.push(Arc::new(skip));
        self
    }

    /// The largest body that is stored, in bytes; a larger one streams through. Default: that of the layer.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = Some(bytes);
        self
    }

    /// Says that the responses do not depend on cookies: a request with a `Cookie` is as one without, and the service
    /// does not see it on requests that may be answered from the cache.
    ///
    /// Default: a request with a cookie is answered from the cache, and its response stored, only if the response
    /// says `public` or `s-maxage`.
    pub fn ignore_cookies(mut self) -> Self {
        self.ignores_cookies = true;
        self
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("defaults", &self.defaults)
            .field("tags", &self.tags)
            .field("query", &self.query)
            .field("key_headers", &self.key_headers)
            .field("key_user", &self.user.is_some())
            .field("key_by", &self.key_part.is_some())
            .field("skip_if", &self.skip.len())
            .field("max_body_bytes", &self.max_body_bytes)
            .field("ignore_cookies", &self.ignores_cookies)
            .finish_non_exhaustive()
    }
}
