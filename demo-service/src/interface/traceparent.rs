//! Continues the caller's trace (W3C Trace Context, <https://www.w3.org/TR/trace-context/>).

use axum::http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes the span a part of the caller's trace; without a well-formed `traceparent` it starts a trace. To be called
/// before the span is entered.
pub(super) fn continue_trace(span: &Span, headers: &HeaderMap) {
    let context = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if context.span().span_context().is_valid() {
        // An error means that traces are not exported.
        let _ = span.set_parent(context);
    }
}
