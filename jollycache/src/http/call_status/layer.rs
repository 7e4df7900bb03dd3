//! The layer and its service.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::HeaderName;
use http::{HeaderValue, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::member::members;
use crate::call_report::collect;

/// RFC 9211.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Shows what each call inside a request did with the cache, as members of `Cache-Status`
/// ([RFC 9211](https://www.rfc-editor.org/rfc/rfc9211)) in the order in which the calls ended:
///
/// | call | member |
/// |---|---|
/// | a read that hit | `"product"; hit` |
/// | one that was served stale, 3 s past its `ttl` | `"product"; hit; ttl=-3` |
/// | a miss; its value is stored | `"product"; fwd=miss; stored` |
/// | a miss; its value is not to be stored | `"product"; fwd=miss` |
/// | a miss that got what another caller was loading | `"product"; fwd=miss; collapsed` |
/// | a miss whose value was refused, since an invalidation came in between | `"product"; fwd=miss; detail=refused` |
/// | a miss whose load failed | `"product"; fwd=miss; detail=load-failed` |
/// | a read past the cache | `"product"; fwd=bypass` |
/// | a broken backend | `"product"; fwd=bypass; detail=cache-error` |
/// | a put | `"product"; fwd=method; stored` |
/// | a put that another writer disturbed | `"product"; fwd=method; detail=refused` |
/// | an eviction, and a put with nothing to store | `"product"; fwd=method; detail=evicted` |
/// | the same, of a call that names nothing | `"product"; fwd=method; detail=skipped` |
/// | an eviction or a put that could not be delivered yet | `"product"; fwd=method; detail=queued` |
///
/// The name is the region's. Of more calls than [`MAX_REPORTS`](crate::MAX_REPORTS) the others are counted in a last
/// member, `"jollycache"; detail="8 more calls"`. Calls that the handler spawns are not seen, nor those that a streamed
/// body makes.
///
/// Members are appended to those that are there: the first is the one closest to the origin. So put this layer inside of
/// a response cache, next to the handler. A response that is stored should be stored without the header, or a hit later
/// tells what the calls did then.
///
/// The header tells an observer the names of regions and whether something was cached. Leave the layer out where that
/// is a secret.
///
/// ```
/// use http::{Request, Response};
/// use jollycache::http::CallStatusLayer;
/// use jollycache::{Cache, MemoryBackend, Policy};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// let service = ServiceBuilder::new().layer(CallStatusLayer::new()).service(service_fn(move |_: Request<()>| {
///     let cache = cache.clone();
///     async move {
///         let load = async || jollycache::Result::Ok("tea".to_owned());
///         cache.get_or_load("product:42", &Policy::new().region("product"), load).await.map(Response::new)
///     }
/// }));
/// let first = service.clone().oneshot(Request::new(())).await?;
/// assert_eq!(first.headers()["cache-status"], r#""product"; fwd=miss; stored"#);
/// let second = service.oneshot(Request::new(())).await?;
/// assert_eq!(second.headers()["cache-status"], r#""product"; hit"#);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct CallStatusLayer(());

impl CallStatusLayer {
    /// The layer; there is nothing to set.
    pub fn new() -> Self {
        CallStatusLayer(())
    }
}

impl<S> Layer<S> for CallStatusLayer {
    type Service = CallStatus<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CallStatus { inner }
    }
}

/// The service of [`CallStatusLayer`].
#[derive(Debug, Clone)]
pub struct CallStatus<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for CallStatus<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let response = collect(self.inner.call(request));
        Box::pin(async move {
            let (response, calls) = response.await;
            let mut response = response?;
            if let Some(members) = members(&calls).and_then(|members| HeaderValue::try_from(members).ok()) {
                response.headers_mut().append(CACHE_STATUS, members);
            }
            Ok(response)
        })
    }
}
