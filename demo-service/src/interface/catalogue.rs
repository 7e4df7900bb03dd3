//! `/api/catalogue`: what shop pages ask for. Its responses are kept whole, by the response cache.

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
/// For everybody: half a minute, and for a minute more while one request asks for a newer one. A write that changes
/// it drops it at once, here; browsers keep theirs.
const CONTROL: &str = "public, max-age=30, stale-while-revalidate=60";
/// For how long the last catalogue stands in for one that cannot be made.
const STANDS_IN: Duration = Duration::from_secs(5 * 60);
/// The most pages that a catalogue is made of.
const MAX_PAGES: u32 = 10;

/// The cache of whole responses. What a write evicts is what it evicts of lists: creating and deleting `products`, any
/// other change `all_categories:true`.
///
/// # Errors
/// Settings that the layer does not take.
pub(crate) fn response_cache(cache: &Cache) -> jollycache::Result<ResponseCacheLayer> {
    // It has no parameters; whatever is sent, there is one catalogue.
    let none: [&str; 0] = [];
    let catalogue =
        Route::new().tag("products").tag("all_categories:true").query(none).stale_if_error(STANDS_IN);
    ResponseCacheLayer::builder(cache)
        .route(PATH, catalogue)
        // What the use cases inside did is said of one request, and not of those that are answered from here.
        .drop_response_headers(["cache-status"])
        // No other cache stands before this one, so clients need not be able to reach past it.
        .honour_request_directives(false)
        .build()
}

/// All products on sale
///
/// The newest first, at most 1,000. Kept whole for 30 seconds, and for a minute more while one request asks for a newer
/// one; every write that changes a product drops it at once. Answers conditional requests with 304.
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
        let found = api.use_cases.list.execute(&query).await?;
        let is_last = found.products.len() < MAX_LIMIT as usize;
        products.extend(found.products.into_iter().map(ProductView::from));
        if is_last {
            break;
        }
    }
    Ok(([(CACHE_CONTROL, CONTROL)], success(CatalogueView { products })))
}
