//! `/api/products`: each handler reads the request, calls one use case and writes the answer.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;

use super::body::{NewProduct, ProductChanges};
use super::extract::{Body, Id, Params};
use super::params::{CountParams, ListParams};
use super::view::{CountView, DeletedView, PageView, ProductView, success};
use super::{Api, ApiError};
use crate::usecases::ListQuery;

type Answer<T> = Result<T, ApiError>;

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Params(params): Params<ListParams>,
) -> Answer<impl IntoResponse> {
    let query = ListQuery::try_from(params).map_err(|invalid| ApiError::bad_query(&invalid))?;
    let page = api.use_cases.list.execute(&query).await?;
    Ok(success(PageView::new(page, &query)))
}

pub(super) async fn count(
    State(api): State<Arc<Api>>,
    Params(params): Params<CountParams>,
) -> Answer<impl IntoResponse> {
    let filter = params.try_into().map_err(|invalid| ApiError::bad_query(&invalid))?;
    let count = api.use_cases.count.execute(&filter).await?;
    Ok(success(CountView { count }))
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    Body(body): Body<NewProduct>,
) -> Answer<impl IntoResponse> {
    let product = api.use_cases.create.execute(body.into()).await?;
    let location = format!("/api/products/{}", product.id);
    let created = success(ProductView::from(product));
    Ok((StatusCode::CREATED, [(LOCATION, location)], created))
}

pub(super) async fn get(State(api): State<Arc<Api>>, Id(id): Id) -> Answer<impl IntoResponse> {
    let product = api.use_cases.get.execute(&id).await?;
    let product = product.ok_or_else(|| ApiError::no_product(&id))?;
    Ok(success(ProductView::from(product)))
}

pub(super) async fn update(
    State(api): State<Arc<Api>>,
    Id(id): Id,
    Body(body): Body<ProductChanges>,
) -> Answer<impl IntoResponse> {
    let (changes, unless_changed_since) = body.into_parts();
    let update = &api.use_cases.update;
    let product = update.execute(&id, changes, unless_changed_since).await?;
    let product = product.ok_or_else(|| ApiError::no_product(&id))?;
    Ok(success(ProductView::from(product)))
}

pub(super) async fn delete(State(api): State<Arc<Api>>, Id(id): Id) -> Answer<impl IntoResponse> {
    if !api.use_cases.delete.execute(&id).await? {
        return Err(ApiError::no_product(&id));
    }
    Ok(success(DeletedView { id }))
}

pub(super) async fn toggle_wishlist(State(api): State<Arc<Api>>, Id(id): Id) -> Answer<impl IntoResponse> {
    let product = api.use_cases.toggle_wishlist.execute(&id).await?;
    let product = product.ok_or_else(|| ApiError::no_product(&id))?;
    Ok(success(ProductView::from(product)))
}
