//! `Metrics`: the metrics of the cache and of the service, in the text format of Prometheus.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use jollycache::Cache;
use jollycache::metrics::MetricsCollector;
use jollycache::rate_limit::RateLimiter;
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use tokio::time::{MissedTickBehavior, interval};

use super::Api;

/// The content type of Prometheus' text format.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// From a hit in memory to a load that is too slow for a user.
const DURATION_BUCKETS: [f64; 15] =
    [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const AGE_BUCKETS: [f64; 8] = [0.1, 1.0, 10.0, 60.0, 300.0, 1_800.0, 3_600.0, 86_400.0];
/// The interval at which observations are aggregated if `/metrics` is not scraped.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder of one service. It is not the global recorder, so that several services can run in one process.
#[derive(Debug)]
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    collector: MetricsCollector,
}

impl Metrics {
    /// Creates the recorder of a service with this cache and these rate limits.
    ///
    /// # Errors
    /// The errors of the recorder.
    pub fn new(cache: &Cache, limiter: Option<&RateLimiter>) -> Result<Self, BuildError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &DURATION_BUCKETS)?
            .set_buckets_for_metric(Matcher::Suffix("_age_seconds".to_owned()), &AGE_BUCKETS)?
            .build_recorder();
        metrics::with_local_recorder(&recorder, || {
            describe_counter!("http_requests_total", Unit::Count, "Answered requests.");
            let help = "From the request to the head of its answer.";
            describe_histogram!("http_request_duration_seconds", Unit::Seconds, help);
        });
        let handle = recorder.handle();
        let collector = MetricsCollector::new(cache);
        let collector = match limiter {
            Some(limiter) => collector.with_rate_limiter(limiter),
            None => collector,
        };
        Ok(Metrics { recorder, handle, collector })
    }

    /// Returns all metrics as text.
    pub async fn render(&self) -> String {
        self.collector.publish_to(&self.recorder).await;
        self.handle.render()
    }

    /// Counts a response. `route` is the pattern of the matched route and never the client's path, which would create a
    /// series for each path.
    pub(super) fn answered(&self, method: &Method, route: Option<&str>, status: StatusCode, took: Duration) {
        let (method, route) = (method_label(method), route.unwrap_or("none").to_owned());
        metrics::with_local_recorder(&self.recorder, || {
            let labels = [("method", method.to_owned()), ("route", route)];
            histogram!("http_request_duration_seconds", &labels).record(took);
            let [method, route] = labels;
            let status = ("status", format!("{}xx", status.as_u16() / 100));
            counter!("http_requests_total", &[method, route, status]).increment(1);
        });
    }

    /// Aggregates observations regularly, which otherwise accumulate until the next scrape. Never returns.
    pub async fn keep_up(&self) {
        let mut ticks = interval(UPKEEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.handle.run_upkeep();
        }
    }
}

/// `GET /metrics` and `GET /api/cache/metrics`
pub(super) async fn show(State(api): State<Arc<Api>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, FORMAT)], api.metrics.render().await)
}

/// Returns the label of a method. Clients can invent methods, and each would create a series.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
