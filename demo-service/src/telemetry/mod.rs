//! The log of the process, and with the feature `otel` its traces.

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

/// The log or the traces cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter of the log is malformed.
    #[error("the log filter is malformed: {0}")]
    Filter(#[from] ParseError),
    /// Another subscriber is installed already.
    #[error("cannot log: {0}")]
    Subscriber(#[from] TryInitError),
    /// The settings of traces in the environment are unusable.
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
    /// Starts the log, and sending traces if the configuration has an endpoint. To be called once in a process.
    ///
    /// # Errors
    /// [`TelemetryError`]. An unreachable collector is not an error.
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

    /// Sends the spans that have ended and are not yet sent, for at most 5 s.
    #[cfg_attr(not(feature = "otel"), allow(clippy::unused_async, reason = "it waits if there are traces"))]
    pub async fn end(self) {
        #[cfg(feature = "otel")]
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}
