//! The responses that several calls share, for the `OpenAPI` description.

use utoipa::{IntoResponses, ToSchema};

use super::reply::FailureBody;

/// One event of the stream.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct ServerSentEvent {
    /// `overview`, `invalidated` or `missed`.
    event: String,
    /// JSON.
    data: String,
}

/// The responses of a call that needs the token to a request without it.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) enum Refused {
    /// The token is missing or wrong.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "RFC 6750")))]
    Unauthorized(FailureBody),
    /// The admin API is off, or the resource does not exist.
    #[response(status = 404)]
    NotFound(FailureBody),
}

/// The request is malformed.
#[derive(IntoResponses)]
#[response(status = 400)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct BadRequest(FailureBody);

/// The body is larger than 64 KiB.
#[derive(IntoResponses)]
#[response(status = 413)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct TooLarge(FailureBody);

/// Another run is in progress.
#[derive(IntoResponses)]
#[response(status = 409)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct Running(FailureBody);

/// The backend is unreachable.
#[derive(IntoResponses)]
#[response(status = 503)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct Unavailable(FailureBody);

/// The backend is unreachable: the eviction is queued, and runs when the backend is reachable again.
#[derive(IntoResponses)]
#[response(status = 503)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct Queued(FailureBody);

/// The maximum number of listeners is reached.
#[derive(IntoResponses)]
#[response(status = 503)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct Crowded(FailureBody);
