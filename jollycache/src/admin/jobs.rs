//! What can be asked to run: the warm-up and the audits.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use serde::Deserialize;

use super::builder::Shared;
use super::gate::Authorized;
use super::reply::{Failure, Success, echo, success};
use crate::cache::{WarmUp, WarmUpProgress};
use crate::error::ErrorKind;
use crate::tracker::AuditReport;

/// What a warm-up is to load.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct WarmUpRequest {
    /// The names of loaders; none for all of them.
    loaders: Vec<String>,
}

/// How far the warm-up is, or how far the last one came.
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/warm-up", tag = "cache", operation_id = "warm_up_progress",
    responses(
        (status = 200, description = "The progress", body = Success<WarmUpProgress>),
        super::openapi::Refused,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn warm_up_progress(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<Success<WarmUpProgress>>, Failure> {
    Ok(success(registered(&shared)?.progress()))
}

/// Starts the warm-up; it goes on after the answer.
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/warm-up", tag = "cache", operation_id = "start_warm_up",
    request_body(content = Option<WarmUpRequest>, description = "Nothing, to run all loaders"),
    responses(
        (status = 202, description = "It runs", body = Success<WarmUpProgress>),
        super::openapi::Refused, super::openapi::BadRequest, super::openapi::TooLarge, super::openapi::Running,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn start_warm_up(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Success<WarmUpProgress>>), Failure> {
    let warm_up = registered(&shared)?;
    let request = wanted(body)?;
    let loaders: Vec<_> = request.loaders.iter().map(String::as_str).collect();
    warm_up.start(&loaders).map_err(|error| match error.kind() {
        ErrorKind::Contended => Failure::conflict("warm_up_running", error.to_string()),
        _ => Failure::bad("invalid_loader", echo(&error.to_string())),
    })?;
    Ok((StatusCode::ACCEPTED, success(warm_up.progress())))
}

/// Runs one round of every audit, and says what it found.
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/audit", tag = "cache", operation_id = "run_audit",
    responses(
        (status = 200, description = "What was found", body = Success<AuditReport>),
        super::openapi::Refused, super::openapi::Running, super::openapi::Unavailable,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn audit(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<Success<AuditReport>>, Failure> {
    let _running = shared
        .audit
        .try_lock()
        .map_err(|_| Failure::conflict("audit_running", "an audit is under way already"))?;
    Ok(success(shared.cache.audit_now().await?))
}

fn registered(shared: &Shared) -> Result<&WarmUp, Failure> {
    shared
        .warm_up
        .as_ref()
        .ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "no_warm_up", "no warm-up is configured"))
}

fn wanted(body: Result<Bytes, BytesRejection>) -> Result<WarmUpRequest, Failure> {
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is too large")
        }
        _ => Failure::bad("unreadable_body", echo(&error.body_text())),
    })?;
    if body.trim_ascii().is_empty() {
        return Ok(WarmUpRequest::default());
    }
    // serde also takes an array of a struct's fields in their order, which is not what is described.
    if body.trim_ascii().starts_with(b"[") {
        return Err(Failure::bad("invalid_body", "expected an object, found an array"));
    }
    let request = serde_json::from_slice::<Option<WarmUpRequest>>(&body);
    let request = request.map_err(|error| Failure::bad("invalid_body", echo(&error.to_string())))?;
    Ok(request.unwrap_or_default())
}
