//! `Route`: how the responses of one path are cached.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::request::Parts;

use super::storability::Defaults;
use super::template::TagTemplate;

type KeyOf = dyn Fn(&Parts) -> Option<String> + Send + Sync;
type Skip = dyn Fn(&Parts) -> bool + Send + Sync;

/// How the responses of one route are cached. `Route::new()` stores what the service's own `Cache-Control` makes
/// storable, and nothing else.
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
    /// A route with all defaults.
    ///
    /// ```
    /// let route = jollycache::http::Route::new();
    /// # let _ = route;
    /// ```
    pub fn new() -> Self {
        Route::default()
    }

    /// The freshness lifetime of responses (200, 203, 204, 300, 301, 308) without an explicit one, in whole seconds. An
    /// explicit lifetime takes precedence. Default: such responses are not stored.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let route = jollycache::http::Route::new().ttl(Duration::from_secs(30));
    /// # let _ = route;
    /// ```
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.defaults.ttl = Some(ttl);
        self
    }

    /// `stale-while-revalidate` (RFC 5861) for responses without that directive. Default: zero.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let route = jollycache::http::Route::new().ttl(30 * second).stale_while_revalidate(10 * second);
    /// # let _ = route;
    /// ```
    pub fn stale_while_revalidate(mut self, window: Duration) -> Self {
        self.defaults.while_revalidate = window;
        self
    }

    /// `stale-if-error` (RFC 5861) for responses without that directive. Default: zero.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let route = jollycache::http::Route::new().stale_if_error(Duration::from_secs(600));
    /// # let _ = route;
    /// ```
    pub fn stale_if_error(mut self, window: Duration) -> Self {
        self.defaults.if_error = window;
        self
    }

    /// Adds a tag to the responses, so that `#[cache_evict(tags = [...])]` and
    /// [`Cache::evict_tags`](crate::Cache::evict_tags) evict them. `{name}` is a parameter of the path, escaped as
    /// values in the templates of attributes are. Default: no tags.
    ///
    /// ```
    /// use jollycache::http::{ResponseCacheLayer, Route};
    /// # use jollycache::{Cache, MemoryBackend};
    ///
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let product = Route::new().tag("products").tag("product:{id}");
    /// let layer = ResponseCacheLayer::builder(&cache).route("/products/{id}", product).build()?;
    /// # Ok::<(), jollycache::Error>(())
    /// ```
    pub fn tag(mut self, template: impl Into<String>) -> Self {
        self.tags.push(template.into());
        self
    }

    /// The query parameters that are part of the key. Others are removed from the request, so that they can neither
    /// fragment the cache nor poison it. Default: all parameters.
    ///
    /// ```
    /// let route = jollycache::http::Route::new().query(["page", "sort"]);
    /// # let _ = route;
    /// ```
    pub fn query<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.query = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Makes a request field part of the key. Fields that the service's responses name in `Vary` need no such call.
    /// Default: none.
    ///
    /// ```
    /// let route = jollycache::http::Route::new().key_header("x-tenant");
    /// # let _ = route;
    /// ```
    pub fn key_header(mut self, name: impl Into<String>) -> Self {
        self.key_headers.push(name.into());
        self
    }

    /// Caches the responses of each user separately. The name that the function returns must be authenticated: put the
    /// layer inside of the one that authenticates. Requests for which it returns `None` are shared, and their
    /// credentials are treated as on other routes. The function runs on each request and must not block.
    ///
    /// The name is hashed in the key. Default: all users share the responses.
    ///
    /// ```
    /// #[derive(Clone)]
    /// struct UserId(u64);
    ///
    /// let user = |request: &http::request::Parts| Some(request.extensions.get::<UserId>()?.0.to_string());
    /// let route = jollycache::http::Route::new().key_user(user);
    /// # let _ = route;
    /// ```
    pub fn key_user(mut self, user: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.user = Some(Arc::new(user));
        self
    }

    /// Makes the function's result part of the key. Default: nothing.
    ///
    /// ```
    /// let route = jollycache::http::Route::new()
    ///     .key_by(|request| Some(request.extensions.get::<&str>().unwrap_or(&"eur").to_string()));
    /// # let _ = route;
    /// ```
    pub fn key_by(mut self, part: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.key_part = Some(Arc::new(part));
        self
    }

    /// Bypasses the cache for requests for which the function returns `true`. Of several functions one `true` is
    /// enough. Default: no request is skipped.
    ///
    /// ```
    /// let route = jollycache::http::Route::new().skip_if(|request| request.headers.contains_key("x-preview"));
    /// # let _ = route;
    /// ```
    pub fn skip_if(mut self, skip: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.skip.push(Arc::new(skip));
        self
    }

    /// Maximum size of a stored body, in bytes; larger ones stream through. Default: that of the layer.
    ///
    /// ```
    /// let route = jollycache::http::Route::new().max_body_bytes(64 * 1024);
    /// # let _ = route;
    /// ```
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = Some(bytes);
        self
    }

    /// Declares that responses do not depend on cookies: `Cookie` no longer counts as credentials, and is removed from
    /// cacheable requests.
    ///
    /// Default: a request with a cookie is answered from the cache, and its response stored, only if the response is
    /// `public` or has `s-maxage`.
    ///
    /// ```
    /// let route = jollycache::http::Route::new().ignore_cookies();
    /// # let _ = route;
    /// ```
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
