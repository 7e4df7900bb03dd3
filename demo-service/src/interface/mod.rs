//! HTTP: what comes in, what goes out, and what is said when it goes wrong.

mod body;
mod decimal;
mod error;
mod extract;
mod metrics;
mod operations;
mod params;
mod products;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::routing::{get, patch};
use jollycache::Cache;
use jollycache::admin::Admin;

pub use self::error::ApiError;
use crate::usecases::{ProductRepository, UseCases};

/// The largest body: room for the largest product with every character escaped.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// What the routes work on.
#[derive(Debug)]
pub struct Api {
    /// What one can do.
    pub use_cases: UseCases,
    /// Reported on by `/health` and `/api/cache/…`.
    pub cache: Cache,
    /// Reported on by `/health`.
    pub repository: Arc<dyn ProductRepository>,
}

/// Every route.
pub fn router(api: Arc<Api>, admin: &Admin) -> Router {
    let product = get(products::get).put(products::update).delete(products::delete);
    Router::new()
        .route("/api/products", get(products::list).post(products::create))
        .route("/api/products/count", get(products::count))
        .route("/api/products/{id}", product)
        .route("/api/products/{id}/wishlist", patch(products::toggle_wishlist))
        .route("/health", get(operations::health))
        .route("/api/cache/metrics", get(operations::metrics))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(api)
        .nest("/api/cache", admin.api())
        .nest("/cache", admin.page("/api/cache"))
}

async fn no_route(uri: Uri) -> ApiError {
    ApiError::no_route(uri.path())
}

async fn no_method(method: Method, uri: Uri) -> ApiError {
    ApiError::no_method(&method, uri.path())
}
