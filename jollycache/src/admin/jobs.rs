//! Jobs: the warm-up and the audits.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use serde::Deserialize;

use super::authorized::Authorized;
use super::reply::{Failure, Success, echo, success};
use super::state::Shared;
use crate::cache::{WarmUp, WarmUpProgress};
use crate::error::ErrorKind;
use crate::tracker::AuditReport;

/// The request for a warm-up.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct WarmUpRequest {
    /// The names of the loaders to run; all of them if empty.
    loaders: Vec<String>,
}

/// Returns the progress of the running or the last warm-up.
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/warm-up", tag = "cache", operation_id = "warm_up_progress",
    responses(
        (status = 200, description = "The progress", body = Success<WarmUpProgress>),
        super::responses::Refused,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn warm_up_progress(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<Success<WarmUpProgress>>, Failure> {
    Ok(success(registered(&shared)?.progress()))
}

/// Starts the warm-up, which continues after the response.
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/warm-up", tag = "cache", operation_id = "start_warm_up",
    request_body(content = Option<WarmUpRequest>, description = "No body runs all loaders"),
    responses(
        (status = 202, description = "The warm-up has started", body = Success<WarmUpProgress>),
        super::responses::Refused, super::responses::BadRequest, super::responses::TooLarge, super::responses::Running,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn start_warm_up(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Success<WarmUpProgress>>), Failure> {
    let warm_up = registered(&shared)?;
    let request = warm_up_request(body)?;
    let loaders: Vec<_> = request.loaders.iter().map(String::as_str).collect();
    warm_up.start(&loaders).map_err(|error| match error.kind() {
        ErrorKind::Contended => Failure::conflict("warm_up_running", error.to_string()),
        _ => Failure::bad("invalid_loader", echo(&error.to_string())),
    })?;
    Ok((StatusCode::ACCEPTED, success(warm_up.progress())))
}

/// Runs one round of every audit and returns its findings.
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/audit", tag = "cache", operation_id = "run_audit",
    responses(
        (status = 200, description = "The findings", body = Success<AuditReport>),
        super::responses::Refused, super::responses::Running, super::responses::Unavailable,
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
        .map_err(|_| Failure::conflict("audit_running", "an audit is running already"))?;
    Ok(success(shared.cache.audit_now().await?))
}

fn registered(shared: &Shared) -> Result<&WarmUp, Failure> {
    shared
        .warm_up
        .as_ref()
        .ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "no_warm_up", "no warm-up is configured"))
}

fn warm_up_request(body: Result<Bytes, BytesRejection>) -> Result<WarmUpRequest, Failure> {
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is too large")
        }
        _ => Failure::bad("unreadable_body", echo(&error.body_text())),
    })?;
    if body.trim_ascii().is_empty() {
        return Ok(WarmUpRequest::default());
    }
    // serde also accepts an array of the fields' values, which the description does not allow.
    if body.trim_ascii().starts_with(b"[") {
        return Err(Failure::bad("invalid_body", "expected an object, found an array"));
    }
    let request = serde_json::from_slice::<Option<WarmUpRequest>>(&body);
    let request = request.map_err(|error| Failure::bad("invalid_body", echo(&error.to_string())))?;
    Ok(request.unwrap_or_default())
}
