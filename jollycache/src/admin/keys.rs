//! `GET /keys` and `GET /keys/{key}`: pages of keys, and the record of one.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::authorized::Authorized;
use super::name;
use super::query::Params;
use super::reply::{Failure, Success, echo, success};
use super::state::{OPERATION_TIMEOUT, Shared};
use super::view::KeyView;
use crate::backend::{Capability, Inspection, ScanCursor};

/// The maximum number of keys that a request can ask for.
pub const MAX_LIMIT: usize = 500;
const DEFAULT_LIMIT: usize = 100;
/// Maximum steps of the scan for one page. Where few keys match, most steps find none.
const MAX_STEPS: usize = 20;
/// Maximum length of a cursor: a stored key in hexadecimal digits.
const MAX_CURSOR_CHARS: usize = 2 * crate::key::MAX_STORED_KEY_BYTES;

/// The query of a page of keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub(super) struct KeyQuery {
    /// `*` matches any number of characters, `?` exactly one. Default: every key.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(max_length = 512))]
    pattern: String,
    /// The `next` of the previous page. Default: the first page.
    cursor: Option<String>,
    /// The approximate number of keys, from 1 to 500. Default: 100.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 500, default = 100))]
    limit: Option<usize>,
}

/// A page of keys.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct KeyList {
    /// Keys without the namespace, escaped, sorted. There may be a few more than requested, or fewer, or a key of a
    /// previous page again.
    keys: Vec<String>,
    /// The cursor of the next page; null only on the last page.
    next: Option<String>,
}

/// Lists keys.
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/keys", tag = "cache", operation_id = "list_keys", params(KeyQuery),
    responses(
        (status = 200, description = "A page of keys", body = Success<KeyList>),
        super::responses::Refused, super::responses::BadRequest, super::responses::Unavailable,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn list(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
    Params(wanted): Params<KeyQuery>,
) -> Result<Json<Success<KeyList>>, Failure> {
    let limit = wanted.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("limit is {limit}: expected 1 to {MAX_LIMIT}");
        return Err(Failure::bad("invalid_query", message));
    }
    let pattern = name::pattern(&wanted.pattern)?;
    shared.cache.engine.store.require(Capability::Keyspace, "a list of keys")?;
    let mut cursor = wanted.cursor.as_deref().map(cursor_from).transpose()?;
    let mut keys = std::collections::BTreeSet::new();
    for _ in 0..MAX_STEPS {
        let page = shared.cache.scan_within(OPERATION_TIMEOUT, &pattern, cursor, limit - keys.len()).await;
        let page = page.map_err(scan_failure)?;
        keys.extend(page.keys);
        cursor = page.next;
        if cursor.is_none() || keys.len() >= limit {
            break;
        }
    }
    Ok(success(KeyList { keys: keys.into_iter().collect(), next: cursor.as_ref().map(cursor_text) }))
}

fn scan_failure(error: crate::Error) -> Failure {
    match error.kind() {
        crate::ErrorKind::Config => invalid_cursor(),
        _ => error.into(),
    }
}

fn invalid_cursor() -> Failure {
    Failure::bad("invalid_cursor", "the cursor is not the `next` of a previous page")
}

/// A backend's cursor in hexadecimal digits, because it may be any text.
fn cursor_text(cursor: &ScanCursor) -> String {
    use std::fmt::Write;
    cursor.0.bytes().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn cursor_from(text: &str) -> Result<ScanCursor, Failure> {
    let well_formed = !text.is_empty()
        && text.len() <= MAX_CURSOR_CHARS
        && text.len().is_multiple_of(2)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !well_formed {
        return Err(invalid_cursor());
    }
    let bytes = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
    let bytes = bytes.collect::<Result<Vec<_>, _>>().map_err(|_| invalid_cursor())?;
    String::from_utf8(bytes).map(ScanCursor).map_err(|_| invalid_cursor())
}

/// Shows the record of a key: value, header, lifetime and tags, and a live lease or intent.
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/keys/{key}", tag = "cache", operation_id = "view_key",
    params(("key" = String, Path, description = "The key as listed: without the namespace, escaped")),
    responses(
        (status = 200, description = "The record", body = Success<KeyView>),
        super::responses::Refused, super::responses::BadRequest, super::responses::Unavailable,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn view(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Success<KeyView>>, Failure> {
    let cache = &shared.cache;
    let key = name::key(cache, path)?;
    let engine = &cache.engine;
    let found = engine.call_within(OPERATION_TIMEOUT)?.inspect(&engine.namespace().key(&key)).await?;
    if found == Inspection::Vacant {
        let message = format!("the key {} has no record", echo(key.as_str()));
        return Err(Failure::new(StatusCode::NOT_FOUND, "key_not_found", message));
    }
    let mut live = Vec::new();
    if let Some(entry) = found.entry().filter(|entry| !entry.tags.is_empty()) {
        let names: Vec<_> = entry.tags.iter().map(|tag| engine.namespace().tag_name(&tag.name)).collect();
        live = engine.call_within(OPERATION_TIMEOUT)?.read_many(&[], &names).await?.1;
    }
    let regions = engine.regions();
    let region = found.region().and_then(|id| regions.iter().find(|region| region.id == id));
    let region = region.map(|region| region.name.to_string());
    Ok(success(KeyView::new(&key, region, found, &live, shared.hides_values)))
}
