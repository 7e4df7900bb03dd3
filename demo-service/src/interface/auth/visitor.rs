//! `Visitor`: who a request comes from, found out before its handler runs.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use jollycache::session::Session;

use super::UserId;
use crate::interface::Api;
use crate::interface::rate_limits::is_limited;

/// Who a request with a session's id comes from: an extension of it. One without has none.
#[derive(Debug, Clone)]
pub(super) enum Visitor {
    /// The session is alive.
    Known(Arc<Session<()>>),
    /// It is not.
    Stranger,
    /// The sessions cannot be asked.
    Unknown,
}

/// Adds a [`Visitor`] to a request that has a session's id, and a [`UserId`] if the session is alive. Every request goes
/// on: what needs a user says so itself. A request without an id costs nothing.
pub(in crate::interface) async fn identify(
    State(api): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Response {
    // Nothing else asks who it is.
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
