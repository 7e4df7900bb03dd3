//! `ApiError`: `{"success":false,"error":"…","code":"…"}` and its status.

use std::error::Error as StdError;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Invalid, MalformedId, ProductId};
use crate::usecases::Error;

/// The maximum length of a part of the request that an error repeats, in characters.
const MAX_ECHO_CHARS: usize = 200;
/// The `Retry-After` of a login that was rejected by load, in seconds. Most of the waiting checks are done by then.
const LOGIN_RETRY_SECONDS: u16 = 1;

/// An error response.
///
/// | status | for |
/// |---|---|
/// | 400 | malformed JSON, query or id; a wrong content type; a body that is too large |
/// | 401 | a wrong password; no session where one is required |
/// | 404, 405 | no such product, route or method |
/// | 409 | another request changed the product |
/// | 422 | JSON that does not match the schema; products that break a rule |
/// | 429 | more requests than a limit allows, by `rate_limits` |
/// | 503 | the repository or the sessions are unavailable; too many concurrent logins, with `Retry-After` |
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<u16>,
}

/// The body of an error response.
#[derive(Serialize, ToSchema)]
pub(super) struct Failure {
    #[schema(example = false)]
    success: bool,
    /// The message, for a log or a developer.
    error: String,
    /// The kind of error, for programs. Stable.
    #[schema(value_type = String, example = "product_not_found")]
    code: &'static str,
}

impl Failure {
    pub(super) fn new(code: &'static str, error: String) -> Self {
        Failure { success: false, error, code }
    }
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        ApiError { status, code, message: message.into(), retry_after: None }
    }

    pub(super) fn no_product(id: &ProductId) -> Self {
        let message = format!("there is no product {id}");
        ApiError::new(StatusCode::NOT_FOUND, "product_not_found", message)
    }

    pub(super) fn no_route(path: &str) -> Self {
        let message = format!("there is no route at {}", echo(path));
        ApiError::new(StatusCode::NOT_FOUND, "route_not_found", message)
    }

    pub(super) fn no_method(method: &Method, path: &str) -> Self {
        let message = format!("{} does not support {}", echo(path), echo(method.as_str()));
        ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    pub(super) fn bad_body(message: &str) -> Self {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", message)
    }

    pub(super) fn invalid_credentials() -> Self {
        let message = "there is no such user with this password";
        ApiError::new(StatusCode::UNAUTHORIZED, "invalid_credentials", message)
    }

    pub(super) fn not_logged_in() -> Self {
        ApiError::new(StatusCode::UNAUTHORIZED, "not_logged_in", "the request has no valid session")
    }

    pub(super) fn too_many_logins() -> Self {
        let message = format!("too many concurrent logins: try again in {LOGIN_RETRY_SECONDS} s");
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_logins", message);
        ApiError { retry_after: Some(LOGIN_RETRY_SECONDS), ..error }
    }

    pub(super) fn sessions_unavailable() -> Self {
        let message = "sessions are unavailable";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "sessions_unavailable", message)
    }

    pub(super) fn bad_query(invalid: &Invalid) -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_query", invalid.to_string())
    }

    pub(super) fn not_utf8(parameter: &str) -> Self {
        let message = format!("{}: must be percent-encoded UTF-8", echo(parameter));
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_query", message)
    }
}

/// The error of a session, which has no other source than the cache.
impl From<jollycache::Error> for ApiError {
    fn from(error: jollycache::Error) -> Self {
        tracing::warn!(cause = chain(&error), "the sessions failed");
        ApiError::sessions_unavailable()
    }
}

impl From<MalformedId> for ApiError {
    fn from(error: MalformedId) -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_id", error.to_string())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_query", echo(&innermost(&rejection)))
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let (status, code) = match &rejection {
            JsonRejection::JsonDataError(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_body"),
            JsonRejection::JsonSyntaxError(_) => (StatusCode::BAD_REQUEST, "malformed_json"),
            JsonRejection::MissingJsonContentType(_) => {
                let message = "the body must be JSON, with `content-type: application/json`";
                return ApiError::new(StatusCode::BAD_REQUEST, "unsupported_content_type", message);
            }
            other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let message = format!("the body is larger than {} bytes", super::MAX_BODY_BYTES);
                return ApiError::new(StatusCode::BAD_REQUEST, "body_too_large", message);
            }
            _ => (StatusCode::BAD_REQUEST, "unreadable_body"),
        };
        ApiError::new(status, code, echo(&innermost(&rejection)))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let (status, code) = match &error {
            Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_product"),
            Error::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Error::Unavailable(cause) => {
                tracing::warn!(cause = chain(cause), "the product repository failed");
                (StatusCode::SERVICE_UNAVAILABLE, "repository_unavailable")
            }
        };
        ApiError::new(status, code, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Failure::new(self.code, self.message))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Returns the text of the innermost cause: that of serde, without the layers around it.
fn innermost(error: &dyn StdError) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// Returns the texts of an error and its causes, for the log.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// Truncates a text that repeats a part of the request.
fn echo(text: &str) -> String {
    match text.char_indices().nth(MAX_ECHO_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
