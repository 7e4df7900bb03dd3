//! The routes of the API.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{delete, get, post};

use super::reply::{no_method, no_route};
use super::state::Shared;
use super::{events, evict, jobs, keys, statistics};

/// Large enough for the names of all loaders.
const MAX_BODY_BYTES: usize = 64 * 1024;

pub(super) fn api(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", delete(evict::all))
        .route("/stats", get(statistics::stats))
        .route("/regions", get(statistics::regions))
        .route("/keys", get(keys::list))
        .route("/keys/{key}", get(keys::view).delete(evict::key))
        .route("/tags/{tag}", delete(evict::tag))
        .route("/patterns/{pattern}", delete(evict::pattern))
        .route("/warm-up", get(jobs::warm_up_progress).post(jobs::start_warm_up))
        .route("/audit", post(jobs::audit))
        .route("/events", get(events::events))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(map_response(protected))
        .with_state(shared)
}

/// Responses are neither stored by clients nor interpreted as another type.
async fn protected(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
