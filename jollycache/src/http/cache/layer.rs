//! `ResponseCacheLayer`: the tower layer.

use std::sync::Arc;

use tower_layer::Layer;

use super::background::Background;
use super::service::ResponseCache;
use super::settings::Settings;

/// A shared HTTP cache of [RFC 9111](https://www.rfc-editor.org/rfc/rfc9111) inside the server, as a tower layer.
///
/// Only paths that have a [`Route`](super::Route) are cached. Responses that the service's `Cache-Control` makes
/// storable are stored in the [`Cache`](crate::Cache), shared by all processes on one backend. Concurrent misses of one
/// key are collapsed into one request to the service. A response that was evicted by a tag is never served again, even
/// if it was being loaded meanwhile. [The guide](crate::docs::http) has the rules.
///
/// Clones share one cache, and so do the services that they make. When the last of them is dropped, background
/// validations are aborted.
///
/// ```
/// use std::convert::Infallible;
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::{Empty, Full};
/// use jollycache::http::{ResponseCacheLayer, Route};
/// use jollycache::{Cache, MemoryBackend};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::builder().namespace("shop").backend(MemoryBackend::new()).build()?;
/// let layer = ResponseCacheLayer::builder(&cache)
///     .route("/products/{id}", Route::new().ttl(Duration::from_secs(30)).tag("product:{id}"))
///     .build()?;
///
/// let service = layer.layer(service_fn(async |_: Request<Empty<Bytes>>| {
///     Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("a kettle"))))
/// }));
/// let request = || Request::get("/products/42").body(Empty::new()).unwrap();
/// let first = service.clone().oneshot(request()).await?;
/// assert_eq!(first.headers()["x-cache"], "MISS");
/// let second = service.clone().oneshot(request()).await?;
/// assert_eq!(second.headers()["x-cache"], "HIT");
///
/// cache.evict_tags(["product:42"]).await?;
/// let third = service.oneshot(request()).await?;
/// assert_eq!(third.headers()["x-cache"], "MISS");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ResponseCacheLayer {
    settings: Arc<Settings>,
    background: Arc<Background>,
}

impl ResponseCacheLayer {
    pub(super) fn new(settings: Settings) -> Self {
        ResponseCacheLayer { settings: Arc::new(settings), background: Arc::new(Background::new()) }
    }
}

impl<S> Layer<S> for ResponseCacheLayer {
    type Service = ResponseCache<S>;

    fn layer(&self, inner: S) -> ResponseCache<S> {
        ResponseCache::new(inner, self.settings.clone(), self.background.clone())
    }
}
