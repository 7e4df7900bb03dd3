//! Extractors whose rejections are [`ApiError`]s.

use std::borrow::Cow;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use super::ApiError;
use crate::domain::{MalformedId, ProductId};

/// The id in the path.
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
        // A path that is not UTF-8 is not an id either.
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| MalformedId)?;
        Ok(Id(text.parse()?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if let Some(name) = parts.uri.query().and_then(first_not_utf8) {
            return Err(ApiError::not_utf8(&name));
        }
        let Query(params) = Query::from_request_parts(parts, state).await?;
        Ok(Params(params))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Json(body) = Json::<Box<RawValue>>::from_request(request, state).await?;
        // serde also accepts an array of a struct's fields in their order, which the documented schema does not.
        if !body.get().starts_with('{') {
            return Err(ApiError::bad_body("expected an object"));
        }
        let Json(body) = Json::from_bytes(body.get().as_bytes())?;
        Ok(Body(body))
    }
}

/// Returns the name of the first parameter that is not UTF-8 once decoded.
///
/// [`Query`] replaces such bytes by U+FFFD, so the search would be for another text than the client sent.
fn first_not_utf8(query: &str) -> Option<Cow<'_, str>> {
    let parameter =
        query.split('&').find(|parameter| percent_decode_str(parameter).decode_utf8().is_err())?;
    let (name, _) = parameter.split_once('=').unwrap_or((parameter, ""));
    Some(percent_decode_str(name).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use super::first_not_utf8;

    #[test]
    fn the_first_parameter_that_is_not_utf8_is_named() {
        for query in ["", "a=b", "a", "a=%C3%A9&b=%EF%BF%BD", "a=100%", "%zz=1", "a=\u{e9}"] {
            assert_eq!(first_not_utf8(query), None, "{query}");
        }
        for (query, name) in [
            ("a=%FF", "a"),
            ("a=1&b=%C3&c=%A9", "b"),
            ("%FF=1", "\u{fffd}"),
            ("%C3", "\u{fffd}"),
            ("a=%ED%A0%80", "a"),
        ] {
            assert_eq!(first_not_utf8(query).as_deref(), Some(name), "{query}");
        }
    }
}
