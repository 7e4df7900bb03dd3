//! The caller's trace: a request that belongs to one goes on with it (W3C Trace Context, <https://www.w3.org/TR/trace-context/>).

use axum::http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes the span, which nobody has entered yet, a part of the caller's trace. Without a well-formed `traceparent` it
/// begins one.
pub(super) fn continue_trace(span: &Span, headers: &HeaderMap) {
    let context = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if context.span().span_context().is_valid() {
        // An error says that nobody listens.
        let _ = span.set_parent(context);
    }
}
