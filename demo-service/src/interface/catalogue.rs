//! `/api/catalogue`: the products on sale, for shop pages. The response cache stores the whole response.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use jollycache::Cache;
use jollycache::http::{ResponseCacheLayer, Route};

use super::openapi::ReadFailures;
use super::view::{CatalogueView, ProductView, Success, success};
use super::{Api, ApiError};
use crate::usecases::{ListQuery, MAX_LIMIT, ProductFilter};

const PATH: &str = "/api/catalogue";
/// Public, fresh for 30 seconds, and stale for a minute more while one request revalidates it. A write that changes it
/// evicts it from the response cache at once; copies in browsers stay.
const CONTROL: &str = "public, max-age=30, stale-while-revalidate=60";
/// How long past its freshness the last catalogue is served while the repository fails.
const STALE_IF_ERROR: Duration = Duration::from_secs(5 * 60);
/// The maximum number of pages in a catalogue.
const MAX_PAGES: u32 = 10;

/// Returns the response cache. The catalogue carries the tags of a list of all categories, so the use cases evict it with
/// the lists: creating and deleting by `products`, any other change by `all_categories:true`.
///
/// # Errors
/// The layer rejects the settings.
pub(crate) fn response_cache(cache: &Cache) -> jollycache::Result<ResponseCacheLayer> {
    // The handler reads no parameters, so none is in the key: every query gets the same catalogue.
    let none: [&str; 0] = [];
    let catalogue =
        Route::new().tag("products").tag("all_categories:true").query(none).stale_if_error(STALE_IF_ERROR);
    ResponseCacheLayer::builder(cache)
        .route(PATH, catalogue)
        // The outcome of the use cases belongs to the request that ran them, and not to later hits of this cache.
        .drop_response_headers(["cache-status"])
        // This is the only shared cache, and it is evicted by writes, so clients have no need to bypass it.
        .honour_request_directives(false)
        .build()
}

/// All products on sale
///
/// The newest first, at most 1,000. Fresh for 30 seconds, and stale for a minute more while one request revalidates it.
/// Every write that changes a product evicts it at once. Supports conditional requests.
#[utoipa::path(
    get,
    path = "/api/catalogue",
    tag = "products",
    responses((status = 200, description = "The catalogue", body = Success<CatalogueView>), ReadFailures),
)]
pub(super) async fn show(State(api): State<Arc<Api>>) -> Result<impl IntoResponse, ApiError> {
    let mut products = Vec::new();
    for page in 1..=MAX_PAGES {
        let filter = ProductFilter::default().active(Some(true));
        let query =
            ListQuery::new(filter, page, MAX_LIMIT).map_err(|invalid| ApiError::bad_query(&invalid))?;
        let found = api.products.list(&query).await?;
        let is_last = found.products.len() < MAX_LIMIT as usize;
        products.extend(found.products.into_iter().map(ProductView::from));
        if is_last {
            break;
        }
    }
    Ok(([(CACHE_CONTROL, CONTROL)], success(CatalogueView { products })))
}
