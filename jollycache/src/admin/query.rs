//! `Params`: the query of a request, read strictly.

use std::borrow::Cow;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::reply::{Failure, echo};

/// The query. One that is not UTF-8 is refused, since [`Query`] replaces such bytes by U+FFFD: the answer would be to
/// another question.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        if let Some(name) = parts.uri.query().and_then(first_not_utf8) {
            let message = format!("{}: must be percent-encoded UTF-8", echo(&name));
            return Err(Failure::bad("invalid_query", message));
        }
        let query = Query::from_request_parts(parts, state).await;
        let Query(params) = query.map_err(|error| Failure::bad("invalid_query", echo(&error.body_text())))?;
        Ok(Params(params))
    }
}

/// The name of the first parameter that is not UTF-8 once decoded.
fn first_not_utf8(query: &str) -> Option<Cow<'_, str>> {
    let mut parameters = query.split('&');
    let parameter = parameters.find(|parameter| percent_decode_str(parameter).decode_utf8().is_err())?;
    let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
    Some(percent_decode_str(name).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn params(query: &str) -> Result<Vec<(String, String)>, Failure> {
        let request = Request::get(format!("/keys?{query}")).body(()).unwrap();
        let read = Params::from_request_parts(&mut request.into_parts().0, &()).await;
        read.map(|Params(read)| read)
    }

    #[tokio::test]
    async fn a_query_that_is_not_utf8_is_refused_by_the_name_of_its_parameter() {
        for (query, name) in
            [("pattern=%FF", "pattern"), ("limit=1&cursor=%C3&x=%A9", "cursor"), ("%FF=1", "\u{fffd}")]
        {
            let failure = params(query).await.unwrap_err();
            assert_eq!(failure.status(), axum::http::StatusCode::BAD_REQUEST, "{query}");
            assert!(format!("{failure:?}").contains(&format!("{name}: must be")), "{failure:?}");
        }
        for query in ["", "pattern=%C3%A9", "pattern=100%", "pattern=%EF%BF%BD"] {
            assert!(params(query).await.is_ok(), "{query}");
        }
    }
}
