//! `Visitor`: the session of a request, validated before its handler runs.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use jollycache::session::Session;

use super::UserId;
use crate::interface::Api;
use crate::interface::rate_limits::is_limited;

/// The session of a request: an extension of each request that has a session's id.
#[derive(Debug, Clone)]
pub(super) enum Visitor {
    /// The session is valid.
    Known(Arc<Session<()>>),
    /// The session does not exist, or has expired.
    Stranger,
    /// The sessions are unreachable.
    Unknown,
}

/// Adds a [`Visitor`] to a request that has a session's id, and a [`UserId`] if the session is valid. Rejects no request:
/// handlers that need a user do. A request without an id costs no look-up.
pub(in crate::interface) async fn identify(
    State(api): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Response {
    // No other route needs the user.
    let id = is_limited(request.uri().path()).then(|| api.auth.cookie.id_of(request.headers())).flatten();
    if let Some(id) = id {
        let visitor = match api.auth.sessions.validate(&id).await {
            Ok(Some(session)) => {
                request.extensions_mut().insert(UserId(session.user().into()));
                Visitor::Known(Arc::new(session))
            }
            Ok(None) => Visitor::Stranger,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a session cannot be validated");
                Visitor::Unknown
            }
        };
        request.extensions_mut().insert(visitor);
    }
    next.run(request).await
}
