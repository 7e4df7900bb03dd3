//! The observability of requests: ids, spans, times and counts.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use jollycache::http::ResponseTimeLayer;
use tokio::time::Instant;
use tower::ServiceBuilder;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use super::Metrics;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The maximum length of an id that is accepted from a client.
const MAX_ID_BYTES: usize = 64;

/// Wraps the routes in the layers. The id is outermost, because the span records it.
pub(super) fn observed(routes: Router, metrics: Arc<Metrics>) -> Router {
    let layers = ServiceBuilder::new()
        .map_request(remove_bad_id::<axum::body::Body>)
        .layer(SetRequestIdLayer::new(X_REQUEST_ID, MakeRequestUuid))
        .layer(PropagateRequestIdLayer::new(X_REQUEST_ID))
        .layer(from_fn_with_state(metrics, observe))
        .layer(ResponseTimeLayer::new());
    routes.layer(layers)
}

/// Runs one request in a span with the names of OpenTelemetry, and counts it.
async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let (started, method) = (Instant::now(), request.method().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let span = span_of(&request, route);
    #[cfg(feature = "otel")]
    super::traceparent::continue_trace(&span, request.headers());
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    metrics.answered(&method, route, status, started.elapsed());
    response
}

fn span_of(request: &Request, route: Option<&str>) -> Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    let name = format!("{} {}", request.method(), route.unwrap_or("none"));
    info_span!(
        "request",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.route = route,
        http.response.status_code = Empty,
        request_id = id,
    )
}

/// Removes an id that is not short and plain, because it is written into logs; the request gets a new one.
fn remove_bad_id<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    if !has_good_id(request.headers()) {
        request.headers_mut().remove(X_REQUEST_ID);
    }
    request
}

fn has_good_id(headers: &HeaderMap) -> bool {
    let mut ids = headers.get_all(X_REQUEST_ID).iter();
    let (Some(id), None) = (ids.next(), ids.next()) else { return false };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_ID_BYTES).contains(&id.len()) && id.as_bytes().iter().all(plain)
}
