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

/// How long a collector may take for one attempt, and for how long attempts are made anew.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the last batch may take: an attempt that begins when the time is nearly over fits in.
const END_TIMEOUT: Duration = Duration::from_secs(5);
/// The most of a collector's answer that is read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;
/// Whose spans are sent. Not those of the exporter and its client: they would make more of themselves.
const TARGETS: [&str; 2] = ["demo_service", "jollycache"];

/// The batches of spans, on a thread of their own. When the collector is away they are dropped, and that is logged.
#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Asks no collector yet.
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

    /// What listens to spans, whatever is logged of them.
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

    /// Sends what is left, and ends the thread.
    pub(super) async fn end(self) {
        let ended =
            tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(END_TIMEOUT)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// The workspace's HTTP client. It blocks, which is right for the thread of the batches: that has no runtime.
#[derive(Debug)]
struct Client(Agent);

impl Client {
    fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(EXPORT_TIMEOUT))
            // The exporter reads the status itself.
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
