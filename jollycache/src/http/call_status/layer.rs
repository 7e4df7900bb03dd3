//! `CallStatusLayer` and its service.

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

/// Appends the outcome of each cached call inside a request to `Cache-Status`
/// ([RFC 9211](https://www.rfc-editor.org/rfc/rfc9211)), in the order in which the calls ended:
///
/// | call | member |
/// |---|---|
/// | a read that hit | `"product"; hit` |
/// | one that was served stale, 3 s past its `ttl` | `"product"; hit; ttl=-3` |
/// | a miss; its value is stored | `"product"; fwd=miss; stored` |
/// | a miss; its value is not storable | `"product"; fwd=miss` |
/// | a miss that waited for another caller's load | `"product"; fwd=miss; collapsed` |
/// | a miss whose value was refused, because it was invalidated during the load | `"product"; fwd=miss; detail=refused` |
/// | a miss whose load failed | `"product"; fwd=miss; detail=load-failed` |
/// | a read that bypassed the cache | `"product"; fwd=bypass` |
/// | a backend failure | `"product"; fwd=bypass; detail=cache-error` |
/// | a put | `"product"; fwd=method; stored` |
/// | a put that conflicted with another writer | `"product"; fwd=method; detail=refused` |
/// | an eviction, and a put with nothing to store | `"product"; fwd=method; detail=evicted` |
/// | the same, without a target | `"product"; fwd=method; detail=skipped` |
/// | an eviction or a put that could not be delivered yet | `"product"; fwd=method; detail=queued` |
///
/// The name is the region's. At most [`MAX_REPORTS`](crate::MAX_REPORTS) calls are listed; a last member,
/// `"jollycache"; detail="8 more calls"`, counts the others. Calls in spawned tasks and in streamed bodies are not
/// included.
///
/// Members are appended to those of the handler, since the first is the one closest to the origin. Put this layer
/// inside of a response cache, next to the handler. A stored response should not contain the field, or a later hit
/// repeats outcomes of the past.
///
/// The field discloses names of regions, and whether a value was cached. Leave the layer out where that is a secret.
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
    /// The layer, which has no settings.
    ///
    /// ```
    /// let layer = jollycache::http::CallStatusLayer::new();
    /// # let _ = layer;
    /// ```
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::member::parameters;
    use crate::call_report::{Operation, Outcome};

    #[test]
    fn every_member_is_in_the_table_of_the_documentation() {
        let table = include_str!("layer.rs");
        let outcomes = [
            (Operation::Read, Outcome::Hit, false),
            (Operation::Read, Outcome::Waited, false),
            (Operation::Read, Outcome::Miss, true),
            (Operation::Read, Outcome::Miss, false),
            (Operation::Read, Outcome::LoadFailed, false),
            (Operation::Read, Outcome::Refused, false),
            (Operation::Read, Outcome::Bypass, false),
            (Operation::Read, Outcome::Error, false),
            (Operation::Put, Outcome::Stored, true),
            (Operation::Put, Outcome::Refused, false),
            (Operation::Put, Outcome::Evicted, false),
            (Operation::Evict, Outcome::Evicted, false),
            (Operation::Evict, Outcome::Skipped, false),
            (Operation::Put, Outcome::Queued, false),
            (Operation::Evict, Outcome::Queued, false),
            (Operation::Put, Outcome::Error, false),
        ];
        for (operation, outcome, stored) in outcomes {
            let member = parameters(operation, outcome, stored, Duration::ZERO);
            assert!(
                table.contains(&format!("`\"product\"; {member}` |")),
                "{operation:?} {outcome:?}: {member}"
            );
        }
    }
}
