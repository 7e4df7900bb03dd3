//! Answers that are no success, by what a request can run into.

#![allow(dead_code, reason = "only described, never made: `ApiError` makes them")]

use utoipa::IntoResponses;

use crate::interface::error::Failure;

/// Of a search.
#[derive(IntoResponses)]
pub(in crate::interface) enum ReadFailures {
    /// The query cannot be read
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// The store of products cannot be reached
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// Of a new product.
#[derive(IntoResponses)]
pub(in crate::interface) enum CreateFailures {
    /// The body cannot be read
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// The product breaks a rule
    #[response(status = 422)]
    Invalid(#[to_schema] Failure),
    /// The store of products cannot be reached
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// Of what is done with one product.
#[derive(IntoResponses)]
pub(in crate::interface) enum ProductFailures {
    /// The id cannot be read
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// There is no such product
    #[response(status = 404)]
    Missing(#[to_schema] Failure),
    /// The store of products cannot be reached
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// Of a change of a product.
#[derive(IntoResponses)]
pub(in crate::interface) enum ChangeFailures {
    /// The id, or the body, cannot be read
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// There is no such product
    #[response(status = 404)]
    Missing(#[to_schema] Failure),
    /// Somebody else changed the product
    #[response(status = 409)]
    Conflict(#[to_schema] Failure),
    /// The changed product would break a rule
    #[response(status = 422)]
    Invalid(#[to_schema] Failure),
    /// The store of products cannot be reached
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// Of a login.
#[derive(IntoResponses)]
pub(in crate::interface) enum LoginFailures {
    /// The body cannot be read
    #[response(status = 400)]
    Unreadable(#[to_schema] Failure),
    /// There is no such user with this password
    #[response(status = 401)]
    Refused(#[to_schema] Failure),
    /// The body is of the wrong shape
    #[response(status = 422)]
    Invalid(#[to_schema] Failure),
    /// The sessions cannot be reached, or too many want to log in at once
    #[response(
        status = 503,
        headers(("retry-after" = u16, description = "In how many seconds to come again, if too many want to log in")),
    )]
    Unavailable(#[to_schema] Failure),
}

/// Of a logout.
#[derive(IntoResponses)]
pub(in crate::interface) enum LogoutFailures {
    /// The sessions cannot be reached; the session ends when they can
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// Of what needs a session.
#[derive(IntoResponses)]
pub(in crate::interface) enum VisitorFailures {
    /// Nobody is logged in
    #[response(status = 401)]
    Stranger(#[to_schema] Failure),
    /// The sessions cannot be reached
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}
