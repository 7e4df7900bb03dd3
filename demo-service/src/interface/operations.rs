//! `/health`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::view::{Success, success};

#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`, `degraded` or `unavailable`.
    #[schema(value_type = String)]
    status: &'static str,
    cache: CacheHealth,
    repository: RepositoryHealth,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CacheHealth {
    backend: String,
    connected: bool,
    ping_ms: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct RepositoryHealth {
    #[schema(value_type = String)]
    backend: &'static str,
    connected: bool,
}

/// Check the service
///
/// 200 while products can be served. Without the cache they are served more slowly, and the status is `degraded`; without
/// the repository the response is a 503.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operations",
    responses(
        (status = 200, description = "Products can be served", body = Success<Health>),
        (status = 503, description = "Products cannot be served", body = Success<Health>),
    ),
)]
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

/// Rounds to thousandths: more digits of a ping over a network are noise.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
