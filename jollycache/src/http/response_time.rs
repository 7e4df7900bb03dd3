//! `ResponseTimeLayer`: the time of a response, and the cache's share of it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{HeaderMap, HeaderName};
use http::{HeaderValue, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::call_report::{Calls, collect};
use crate::clock;

/// The time of a response in milliseconds, such as `12.345ms`.
pub const X_RESPONSE_TIME: HeaderName = HeaderName::from_static("x-response-time");
/// <https://www.w3.org/TR/server-timing/>
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Adds `X-Response-Time`, and `Server-Timing` with the metrics `total`, `cache` and `load`, in milliseconds.
///
/// The time ends when the inner service returns the response's head; a streamed body takes longer. `load` is the time in
/// functions whose value was not cached, `cache` the time of the calls without it; see [`Calls`]. Calls in spawned tasks
/// are part of `total` only, and so are those after the first [`MAX_REPORTS`](crate::MAX_REPORTS).
///
/// The times disclose whether a value was cached. Leave the layer out where that is a secret.
///
/// ```
/// use http::{Request, Response};
/// use jollycache::http::ResponseTimeLayer;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), std::convert::Infallible> {
/// let service = ServiceBuilder::new()
///     .layer(ResponseTimeLayer::new())
///     .service(service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new("hello"))));
/// let response = service.oneshot(Request::new(())).await?;
/// let timing = response.headers()["server-timing"].to_str().unwrap_or_default();
/// assert!(timing.starts_with("total;dur="));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponseTimeLayer(());

impl ResponseTimeLayer {
    /// The layer, which has no settings.
    ///
    /// ```
    /// let layer = jollycache::http::ResponseTimeLayer::new();
    /// # let _ = layer;
    /// ```
    pub fn new() -> Self {
        ResponseTimeLayer(())
    }
}

impl<S> Layer<S> for ResponseTimeLayer {
    type Service = ResponseTime<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ResponseTime { inner }
    }
}

/// The service of [`ResponseTimeLayer`].
#[derive(Debug, Clone)]
pub struct ResponseTime<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for ResponseTime<S>
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
        let started = clock::now();
        let response = collect(self.inner.call(request));
        Box::pin(async move {
            let (response, calls) = response.await;
            let mut response = response?;
            write(response.headers_mut(), clock::now().saturating_duration_since(started), &calls);
            Ok(response)
        })
    }
}

fn write(headers: &mut HeaderMap, total: Duration, calls: &Calls) {
    let (cache, load) = (millis(calls.cache_time()), millis(calls.load_time()));
    let total = millis(total);
    if let Ok(value) = HeaderValue::try_from(format!("{total:.3}ms")) {
        headers.insert(X_RESPONSE_TIME, value);
    }
    let timing = format!("total;dur={total:.3}, cache;dur={cache:.3}, load;dur={load:.3}");
    if let Ok(value) = HeaderValue::try_from(timing) {
        // The field is a list; the handler's own metrics stay.
        headers.append(SERVER_TIMING, value);
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
