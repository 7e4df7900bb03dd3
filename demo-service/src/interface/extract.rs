//! Extractors whose refusals are [`ApiError`]s.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use super::ApiError;
use crate::domain::{MalformedId, ProductId};

/// The product named in the path.
#[derive(IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(super) struct Id(#[param(value_type = String, pattern = "^[0-9a-fA-F]{24}$")] pub(super) ProductId);

/// The query string.
pub(super) struct Params<T>(pub(super) T);

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // A path that is not UTF-8 is no id either.
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| MalformedId)?;
        Ok(Id(text.parse()?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(params) = Query::from_request_parts(parts, state).await?;
        Ok(Params(params))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Json(body) = Json::<Box<RawValue>>::from_request(request, state).await?;
        // serde also takes an array of a struct's fields in their order, which no schema of an object does.
        if !body.get().starts_with('{') {
            return Err(ApiError::bad_body("expected an object"));
        }
        let Json(body) = Json::from_bytes(body.get().as_bytes())?;
        Ok(Body(body))
    }
}
