//! Error responses, grouped by the kinds of operations that return them.

#![allow(dead_code, reason = "these describe the responses of `ApiError`, and are never constructed")]

use utoipa::IntoResponses;

use crate::interface::error::Failure;

/// The errors of a search.
#[derive(IntoResponses)]
pub(in crate::interface) enum ReadFailures {
    /// The query is malformed
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// The product repository is unavailable
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// The errors of creating a product.
#[derive(IntoResponses)]
pub(in crate::interface) enum CreateFailures {
    /// The body is malformed
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// The product breaks a rule
    #[response(status = 422)]
    Invalid(#[to_schema] Failure),
    /// The product repository is unavailable
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// The errors of an operation on one product.
#[derive(IntoResponses)]
pub(in crate::interface) enum ProductFailures {
    /// The id is malformed
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// There is no such product
    #[response(status = 404)]
    Missing(#[to_schema] Failure),
    /// The product repository is unavailable
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// The errors of changing a product.
#[derive(IntoResponses)]
pub(in crate::interface) enum ChangeFailures {
    /// The id, or the body, is malformed
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// There is no such product
    #[response(status = 404)]
    Missing(#[to_schema] Failure),
    /// Another request changed the product
    #[response(status = 409)]
    Conflict(#[to_schema] Failure),
    /// The changed product would break a rule
    #[response(status = 422)]
    Invalid(#[to_schema] Failure),
    /// The product repository is unavailable
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// The errors of a login.
#[derive(IntoResponses)]
pub(in crate::interface) enum LoginFailures {
    /// The body is malformed
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// The credentials are wrong
    #[response(status = 401)]
    Refused(#[to_schema] Failure),
    /// The body does not match the schema
    #[response(status = 422)]
    Invalid(#[to_schema] Failure),
    /// The sessions are unavailable, or there are too many concurrent logins
    #[response(
        status = 503,
        headers(("retry-after" = u16, description = "After how many seconds to retry, if there were too many logins")),
    )]
    Unavailable(#[to_schema] Failure),
}

/// The errors of a logout.
#[derive(IntoResponses)]
pub(in crate::interface) enum LogoutFailures {
    /// The sessions are unavailable; the session ends as soon as they are available
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// The errors of an operation that needs a session.
#[derive(IntoResponses)]
pub(in crate::interface) enum VisitorFailures {
    /// The request has no valid session
    #[response(status = 401)]
    Stranger(#[to_schema] Failure),
    /// The sessions are unavailable
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}
