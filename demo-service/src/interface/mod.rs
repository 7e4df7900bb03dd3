//! HTTP: routes, requests, responses and errors.

pub mod auth;
mod body;
mod catalogue;
mod decimal;
mod error;
mod extract;
mod metrics;
mod observe;
mod openapi;
mod operations;
mod params;
mod products;
mod rate_limits;
#[cfg(feature = "otel")]
mod traceparent;
mod view;
mod whole;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::get;
use jollycache::Cache;
use jollycache::admin::Admin;
use jollycache::http::rate_limit::RateLimitLayer;
use jollycache::http::{CallStatusLayer, ResponseCacheLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::auth::Auth;
pub(crate) use self::catalogue::response_cache;
pub use self::error::ApiError;
pub use self::metrics::Metrics;
pub use self::rate_limits::rate_limits;
use crate::usecases::{ProductRepository, Products};

/// The maximum size of a body, which fits the largest product with every character escaped.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The state of the routes.
#[derive(Debug)]
pub struct Api {
    /// The use cases.
    pub products: Products,
    /// Checked by `/health`.
    pub cache: Cache,
    /// The login and its sessions.
    pub auth: Auth,
    /// Checked by `/health`.
    pub repository: Arc<dyn ProductRepository>,
    /// Rendered by `/metrics`.
    pub metrics: Arc<Metrics>,
}

/// Returns every route. The rate limits, if there are any, apply below `/api`, except to the admin's routes.
pub fn router(
    api: Arc<Api>,
    admin: &Admin,
    limits: Option<RateLimitLayer>,
    responses: ResponseCacheLayer,
) -> Router {
    let metrics = api.metrics.clone();
    let (described, document) = OpenApiRouter::new()
        .merge(auth::router())
        .routes(routes!(products::list, products::create))
        .routes(routes!(products::count))
        .routes(routes!(products::get, products::update, products::delete))
        .routes(routes!(products::toggle_wishlist))
        .routes(routes!(catalogue::show))
        .routes(routes!(operations::health))
        .split_for_parts();
    let limited = described
        .route("/api/cache/metrics", get(metrics::show))
        .route("/metrics", get(metrics::show))
        .merge(openapi::pages(document))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CallStatusLayer::new())
        .layer(responses)
        .with_state(api.clone());
    // Around the response cache, so that hits count too; inside of `identify`, which finds the user that `per_user` counts.
    let limited = match limits {
        Some(limits) => limited.layer(limits),
        None => limited,
    };
    let identified = limited.layer(from_fn_with_state(api, auth::identify));
    let routes = identified
        .nest("/api/cache", admin.api())
        .nest("/cache", admin.page("/api/cache"))
        .merge(slash_redirect());
    observe::observed(routes, metrics)
}

/// A router nested at `/cache` does not match `/cache/`.
fn slash_redirect() -> Router {
    let redirect = get(async || Redirect::permanent("/cache"));
    Router::new().route("/cache/", redirect).method_not_allowed_fallback(no_method)
}

async fn no_route(uri: Uri) -> ApiError {
    ApiError::no_route(uri.path())
}

async fn no_method(method: Method, uri: Uri) -> ApiError {
    ApiError::no_method(&method, uri.path())
}
