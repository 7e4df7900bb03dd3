//! `/api/auth`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::map_response;
use axum::response::{AppendHeaders, IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Credentials, LoginView, LogoutView};
use super::visitor::Visitor;
use crate::interface::extract::Body;
use crate::interface::openapi::{LoginFailures, LogoutFailures, VisitorFailures};
use crate::interface::view::{Success, success};
use crate::interface::{Api, ApiError};

/// Returns the routes. No cache may store their responses.
pub(in crate::interface) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(me))
        .layer(map_response(uncached))
}

/// Log in
///
/// Starts a new session, whose id is set as a cookie, and ends the session of the request, if it has one.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "auth",
    request_body = Credentials,
    responses((status = 200, description = "The new session", body = Success<LoginView>), LoginFailures),
)]
async fn login(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Body(Credentials { username, password }): Body<Credentials>,
) -> Result<impl IntoResponse, ApiError> {
    let auth = &api.auth;
    if !auth.passwords.check(&username, password).await.map_err(|_| ApiError::too_many_logins())? {
        return Err(ApiError::invalid_credentials());
    }
    let (id, session) = auth.sessions.create(&username, ()).await?;
    if let Some(old) = auth.cookie.id_of(&headers)
        && let Err(error) = auth.sessions.destroy(&old).await
    {
        // The old id may have leaked, so a login must not leave it valid: without either session the client logs in again.
        let _ = auth.sessions.destroy(&id).await;
        return Err(error.into());
    }
    Ok((AppendHeaders([(SET_COOKIE, auth.cookie.set(&id))]), success(LoginView::from(&session))))
}

/// Log out
///
/// Ends the session of the request, if it has one, and removes the cookie.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "auth",
    responses((status = 200, description = "The session has ended", body = Success<LogoutView>), LogoutFailures),
)]
async fn logout(State(api): State<Arc<Api>>, headers: HeaderMap) -> Response {
    let auth = &api.auth;
    let done = || success(LogoutView { logged_out: true });
    // Without the cookie there is nothing to remove. Another site's form comes without it, and so must not remove it.
    let Some(id) = auth.cookie.id_of(&headers) else { return done().into_response() };
    let answer = auth.sessions.destroy(&id).await.map(|()| done()).map_err(ApiError::from);
    (AppendHeaders([(SET_COOKIE, auth.cookie.clear())]), answer).into_response()
}

/// Get the session
#[utoipa::path(
    get,
    path = "/api/auth/me",
    tag = "auth",
    responses((status = 200, description = "The session", body = Success<LoginView>), VisitorFailures),
)]
async fn me(visitor: Option<Extension<Visitor>>) -> Result<impl IntoResponse, ApiError> {
    match visitor {
        Some(Extension(Visitor::Known(session))) => Ok(success(LoginView::from(&*session))),
        Some(Extension(Visitor::Unknown)) => Err(ApiError::sessions_unavailable()),
        Some(Extension(Visitor::Stranger)) | None => Err(ApiError::not_logged_in()),
    }
}

/// Forbids every cache to store the response.
async fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
