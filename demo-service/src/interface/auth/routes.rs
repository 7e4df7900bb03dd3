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

/// The routes. No cache may keep what they answer.
pub(in crate::interface) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(me))
        .layer(map_response(uncached))
}

/// Log in
///
/// Begins a new session, whose id is set as a cookie, and ends the one that the request came with.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "auth",
    request_body = Credentials,
    responses((status = 200, description = "Who is logged in now", body = Success<LoginView>), LoginFailures),
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
        // Better none than two, of which one may be known to somebody else.
        let _ = auth.sessions.destroy(&id).await;
        return Err(error.into());
    }
    Ok((AppendHeaders([(SET_COOKIE, auth.cookie.set(&id))]), success(LoginView::from(&session))))
}

/// Log out
///
/// Ends the session that the request came with, if there is one, and has the browser forget its id.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "auth",
    responses((status = 200, description = "Nobody is logged in", body = Success<LogoutView>), LogoutFailures),
)]
async fn logout(State(api): State<Arc<Api>>, headers: HeaderMap) -> Response {
    let auth = &api.auth;
    let done = || success(LogoutView { logged_out: true });
    // Without the cookie there is nothing to forget; and another site's form, which comes without it, has the browser
    // forget nothing.
    let Some(id) = auth.cookie.id_of(&headers) else { return done().into_response() };
    let answer = auth.sessions.destroy(&id).await.map(|()| done()).map_err(ApiError::from);
    (AppendHeaders([(SET_COOKIE, auth.cookie.clear())]), answer).into_response()
}

/// Ask who is logged in
#[utoipa::path(
    get,
    path = "/api/auth/me",
    tag = "auth",
    responses((status = 200, description = "Who is logged in", body = Success<LoginView>), VisitorFailures),
)]
async fn me(visitor: Option<Extension<Visitor>>) -> Result<impl IntoResponse, ApiError> {
    match visitor {
        Some(Extension(Visitor::Known(session))) => Ok(success(LoginView::from(&*session))),
        Some(Extension(Visitor::Unknown)) => Err(ApiError::sessions_unavailable()),
        Some(Extension(Visitor::Stranger)) | None => Err(ApiError::not_logged_in()),
    }
}

/// Says that no cache may keep an answer.
async fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
