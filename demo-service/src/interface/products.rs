//! `/api/products`: each handler reads the request, calls one use case and writes the response.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;

use super::body::{NewProduct, ProductChanges};
use super::extract::{Body, Id, Params};
use super::openapi::{ChangeFailures, CreateFailures, ProductFailures, ReadFailures};
use super::params::{CountParams, ListParams};
use super::view::{CountView, DeletedView, PageView, ProductView, Success, success};
use super::{Api, ApiError};
use crate::usecases::ListQuery;

type Answer<T> = Result<T, ApiError>;

/// Find products
///
/// The products that match, the newest first. Cached for 5 minutes; creating and deleting evict every page, any other
/// change evicts the pages that could show the product.
#[utoipa::path(
    get,
    path = "/api/products",
    tag = "products",
    params(ListParams),
    responses((status = 200, description = "A page of products", body = Success<PageView>), ReadFailures),
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Params(params): Params<ListParams>,
) -> Answer<impl IntoResponse> {
    let query = ListQuery::try_from(params).map_err(|invalid| ApiError::bad_query(&invalid))?;
    let page = api.products.list(&query).await?;
    Ok(success(PageView::new(page, &query)))
}

/// Count products
///
/// Cached for 5 minutes; evicted by the writes that change it.
#[utoipa::path(
    get,
    path = "/api/products/count",
    tag = "products",
    params(CountParams),
    responses((status = 200, description = "The number of products that match", body = Success<CountView>), ReadFailures),
)]
pub(super) async fn count(
    State(api): State<Arc<Api>>,
    Params(params): Params<CountParams>,
) -> Answer<impl IntoResponse> {
    let filter = params.try_into().map_err(|invalid| ApiError::bad_query(&invalid))?;
    let count = api.products.count(&filter).await?;
    Ok(success(CountView { count }))
}

/// Add a product
///
/// Stores the product in the cache, and evicts every list and count.
#[utoipa::path(
    post,
    path = "/api/products",
    tag = "products",
    request_body = NewProduct,
    responses(
        (
            status = 201,
            description = "The product",
            body = Success<ProductView>,
            headers(("location" = String, description = "The path of the product")),
            links(
                ("get" = (operation_id = "get", parameters(("id" = "$response.body#/data/id")))),
                ("update" = (operation_id = "update", parameters(("id" = "$response.body#/data/id")))),
                ("delete" = (operation_id = "delete", parameters(("id" = "$response.body#/data/id")))),
                ("toggle" = (operation_id = "toggle_wishlist", parameters(("id" = "$response.body#/data/id")))),
            ),
        ),
        CreateFailures,
    ),
)]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    Body(body): Body<NewProduct>,
) -> Answer<impl IntoResponse> {
    let product = api.products.create(body.into()).await?;
    let location = format!("/api/products/{}", product.id);
    let created = success(ProductView::from(product));
    Ok((StatusCode::CREATED, [(LOCATION, location)], created))
}

/// Get a product
///
/// Cached for 30 minutes, and for up to 10 more while it is refreshed; an absence is cached for 30 seconds.
#[utoipa::path(
    get,
    path = "/api/products/{id}",
    tag = "products",
    params(Id),
    responses((status = 200, description = "The product", body = Success<ProductView>), ProductFailures),
)]
pub(super) async fn get(State(api): State<Arc<Api>>, Id(id): Id) -> Answer<impl IntoResponse> {
    let product = api.products.get(&id).await?;
    let product = product.ok_or_else(|| ApiError::no_product(&id))?;
    Ok(success(ProductView::from(product)))
}

/// Change a product
///
/// Omitted fields stay unchanged. Replaces the product in the cache, and evicts the lists and counts that could show it.
#[utoipa::path(
    put,
    path = "/api/products/{id}",
    tag = "products",
    params(Id),
    request_body = ProductChanges,
    responses((status = 200, description = "The changed product", body = Success<ProductView>), ChangeFailures),
)]
pub(super) async fn update(
    State(api): State<Arc<Api>>,
    Id(id): Id,
    Body(body): Body<ProductChanges>,
) -> Answer<impl IntoResponse> {
    let (changes, unless_changed_since) = body.into_parts();
    let product = api.products.update(&id, changes, unless_changed_since).await?;
    let product = product.ok_or_else(|| ApiError::no_product(&id))?;
    Ok(success(ProductView::from(product)))
}

/// Remove a product
///
/// Evicts the product, every list and every count from the cache.
#[utoipa::path(
    delete,
    path = "/api/products/{id}",
    tag = "products",
    params(Id),
    responses((status = 200, description = "The id of the removed product", body = Success<DeletedView>), ProductFailures),
)]
pub(super) async fn delete(State(api): State<Arc<Api>>, Id(id): Id) -> Answer<impl IntoResponse> {
    if !api.products.delete(&id).await? {
        return Err(ApiError::no_product(&id));
    }
    Ok(success(DeletedView { id }))
}

/// Put a product on the wish list, or take it off
#[utoipa::path(
    patch,
    path = "/api/products/{id}/wishlist",
    tag = "products",
    params(Id),
    responses((status = 200, description = "The changed product", body = Success<ProductView>), ProductFailures),
)]
pub(super) async fn toggle_wishlist(State(api): State<Arc<Api>>, Id(id): Id) -> Answer<impl IntoResponse> {
    let product = api.products.toggle_wishlist(&id).await?;
    let product = product.ok_or_else(|| ApiError::no_product(&id))?;
    Ok(success(ProductView::from(product)))
}
