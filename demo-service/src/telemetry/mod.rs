//! What the process tells about itself: log lines, and with the feature `otel` traces.

#[cfg(feature = "otel")]
mod otlp;

use std::error::Error;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

#[cfg(feature = "otel")]
use self::otlp::Traces;
use crate::config::Config;

/// Why nothing would be told.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// What is to be logged is not well-formed.
    #[error("cannot tell what is to be logged: {0}")]
    Filter(#[from] ParseError),
    /// Somebody else listens to the process already.
    #[error("cannot log: {0}")]
    Subscriber(#[from] TryInitError),
    /// Traces cannot be sent as the environment asks for it.
    #[error("cannot send traces: {0}")]
    Traces(#[source] Box<dyn Error + Send + Sync>),
}

/// The process's log and traces.
#[derive(Debug)]
pub struct Telemetry {
    #[cfg(feature = "otel")]
    traces: Option<Traces>,
}

impl Telemetry {
    /// Logs from now on, and sends traces if the configuration says where to. Once in a process.
    ///
    /// # Errors
    /// [`TelemetryError`]. That a collector is away is none.
    pub fn start(config: &Config) -> Result<Self, TelemetryError> {
        let subscriber = registry().with(fmt::layer().with_filter(EnvFilter::try_new(&config.log)?));
        #[cfg(feature = "otel")]
        {
            let traces = config.traces.as_ref().map(Traces::new).transpose()?;
            subscriber.with(traces.as_ref().map(Traces::layer)).try_init()?;
            Ok(Telemetry { traces })
        }
        #[cfg(not(feature = "otel"))]
        {
            subscriber.try_init()?;
            if config.traces.is_some() {
                tracing::warn!(
                    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but traces are not built in (feature `otel`)"
                );
            }
            Ok(Telemetry {})
        }
    }

    /// Sends the spans that have ended and are not sent yet, for at most 5 s.
    #[cfg_attr(not(feature = "otel"), allow(clippy::unused_async, reason = "it waits if there are traces"))]
    pub async fn end(self) {
        #[cfg(feature = "otel")]
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}
