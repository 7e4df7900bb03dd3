//! The form of every response: `{"success":true,"data":…}`, and `{"success":false,"error":"…","code":"…"}`.

use axum::Json;
use axum::http::header::{HeaderValue, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::{Error, ErrorKind};

/// The maximum length of a part of a request that an error repeats, in characters.
const MAX_ECHO_CHARS: usize = 200;

/// A successful response.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Success<T> {
    /// Always `true`.
    success: bool,
    /// The requested data.
    data: T,
}

/// Wraps the data of a successful response.
pub(super) fn success<T>(data: T) -> Json<Success<T>> {
    Json(Success { success: true, data })
}

/// A response with an error.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
    challenge: Option<&'static str>,
}

/// The body of an error.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct FailureBody {
    /// Always `false`.
    success: bool,
    /// A message for a reader.
    error: String,
    /// A stable code for programs.
    code: &'static str,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Failure { status, code, message: message.into(), challenge: None }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Failure::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Failure::new(StatusCode::CONFLICT, code, message)
    }

    /// No token is configured.
    pub(super) fn off() -> Self {
        let message = "the admin API is off: no token is configured";
        Failure::new(StatusCode::NOT_FOUND, "admin_off", message)
    }

    /// RFC 6750, section 3: the challenge names no error where the request has no token (`has_token`).
    pub(super) fn unauthorized(has_token: bool) -> Self {
        let (message, challenge) = if has_token {
            ("the token is wrong", r#"Bearer realm="jollycache", error="invalid_token""#)
        } else {
            ("a token is needed: `Authorization: Bearer …`", r#"Bearer realm="jollycache""#)
        };
        let failure = Failure::new(StatusCode::UNAUTHORIZED, "unauthorized", message);
        Failure { challenge: Some(challenge), ..failure }
    }

    pub(super) fn no_route(uri: &Uri) -> Self {
        let message = format!("there is nothing at {}", echo(uri.path()));
        Failure::new(StatusCode::NOT_FOUND, "route_not_found", message)
    }

    pub(super) fn no_method(method: &Method, uri: &Uri) -> Self {
        let message = format!("{} does not support {}", echo(uri.path()), echo(method.as_str()));
        Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    /// The backend is unreachable; the engine has queued the eviction.
    pub(super) fn undelivered(error: &Error) -> Self {
        let message =
            format!("{error}: the eviction is queued, and runs when the backend is reachable again");
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "eviction_queued", message)
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Config => Failure::bad("invalid_request", error.to_string()),
            _ => Failure::new(StatusCode::SERVICE_UNAVAILABLE, "cache_unavailable", error.to_string()),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = FailureBody { success: false, error: self.message, code: self.code };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// A text from the request, cut to the maximum length.
pub(super) fn echo(text: &str) -> String {
    match text.char_indices().nth(MAX_ECHO_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The response of both routers to an unknown path.
pub(super) async fn no_route(uri: Uri) -> Failure {
    Failure::no_route(&uri)
}

/// The response of both routers to a method that a path does not support.
pub(super) async fn no_method(method: Method, uri: Uri) -> Failure {
    Failure::no_method(&method, &uri)
}
