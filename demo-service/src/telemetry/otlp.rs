//! `Traces`: sends spans to a collector, as OTLP over HTTP. See <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;
use ureq::Agent;

use super::TelemetryError;
use crate::config::TraceConfig;

/// The timeout of one attempt to send, and the time after which no further attempt starts.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(2);
/// The timeout of the last batch. Long enough for an attempt that starts at the end of that time.
const END_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum size of a collector's response that is read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;
/// The crates whose spans are sent. Spans of the exporter and its client are not: sending them would create more.
const TARGETS: [&str; 2] = ["demo_service", "jollycache"];

/// Sends batches of spans from a thread of its own. Batches that the collector does not accept are lost, with a log line.
#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Does not connect to the collector yet.
    pub(super) fn new(config: &TraceConfig) -> Result<Self, TelemetryError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new())
            .with_endpoint(format!("{}/v1/traces", config.endpoint))
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .map_err(|error| TelemetryError::Traces(error.into()))?;
        let resource = Resource::builder()
            .with_service_name(config.service.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter);
        Ok(Traces { provider: provider.build() })
    }

    /// Returns the layer that exports spans. Its filter is independent of the log's.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let targets = Targets::new().with_targets(TARGETS.map(|target| (target, LevelFilter::INFO)));
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_threads(false)
            .with_filter(targets)
    }

    /// Sends the remaining spans, and ends the thread.
    pub(super) async fn end(self) {
        let ended =
            tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(END_TIMEOUT)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// The HTTP client of the exporter. It blocks, because the exporter's thread has no runtime.
#[derive(Debug)]
struct Client(Agent);

impl Client {
    fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(EXPORT_TIMEOUT))
            // The exporter evaluates the status itself.
            .http_status_as_error(false)
            .max_redirects(0);
        Client(config.build().into())
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let (head, mut body) = self.0.run(Request::from_parts(head, &*body))?.into_parts();
        let body = body.with_config().limit(MAX_ANSWER_BYTES).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}
