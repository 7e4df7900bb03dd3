//! What an operator asks: is it well, and what does the cache do?

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::view::success;
use super::{Api, metrics as exposition};

#[derive(Serialize)]
struct Health {
    status: &'static str,
    cache: CacheHealth,
    repository: RepositoryHealth,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CacheHealth {
    backend: String,
    connected: bool,
    ping_ms: Option<f64>,
}

#[derive(Serialize)]
struct RepositoryHealth {
    backend: &'static str,
    connected: bool,
}

/// `GET /health`: 200 while products can be served. A lost cache makes them slower, and is told as `degraded`;
/// without the repository the answer is 503.
pub(super) async fn health(State(api): State<Arc<Api>>) -> Response {
    let ping = api.cache.ping().await.ok();
    let repository = api.repository.ping().await;
    let (code, status) = match (&repository, ping) {
        (Err(_), _) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        (Ok(()), None) => (StatusCode::OK, "degraded"),
        (Ok(()), Some(_)) => (StatusCode::OK, "ok"),
    };
    let health = Health {
        status,
        cache: CacheHealth {
            backend: api.cache.backend_name().to_owned(),
            connected: ping.is_some(),
            ping_ms: ping.map(milliseconds),
        },
        repository: RepositoryHealth { backend: api.repository.name(), connected: repository.is_ok() },
    };
    (code, success(health)).into_response()
}

/// `GET /api/cache/metrics`, for Prometheus.
pub(super) async fn metrics(State(api): State<Arc<Api>>) -> Response {
    match exposition::render(&api.cache.stats()) {
        Ok(text) => ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the statistics cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// In thousandths, which is as exact as a ping over a network can be.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
