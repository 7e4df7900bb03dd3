//! Evictions: by key, tag or pattern, or of the whole namespace. Each is logged, and counted in the region `admin`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::authorized::Authorized;
use super::name;
use super::query::Params;
use super::reply::{Failure, Success, echo, success};
use super::state::{OPERATION_TIMEOUT, Shared};
use crate::cache::Cache;
use crate::engine::Target;
use crate::error::{ErrorKind, Result as CacheResult};
use crate::key::Pattern;

/// The region in which evictions through the API are counted.
const REGION: &str = "admin";

/// The result of an eviction.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Evicted {
    /// `key`, `tag`, `pattern` or `namespace`.
    kind: &'static str,
    /// The evicted key, tag, pattern or namespace.
    name: String,
    /// The number of evicted values; null for a tag, whose values are not counted.
    values: Option<u64>,
}

/// The confirmation of a flush.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub(super) struct Confirmation {
    /// The namespace, as a confirmation.
    confirm: Option<String>,
}

/// Evicts a key.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete, path = "/keys/{key}", tag = "cache", operation_id = "evict_key",
    params(("key" = String, Path, description = "The key as listed: without the namespace, escaped")),
    responses(
        (status = 200, description = "The key is evicted, with or without a value", body = Success<Evicted>),
        super::responses::Refused, super::responses::BadRequest, super::responses::Queued,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn key(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Success<Evicted>>, Failure> {
    let key = name::key(&shared.cache, path)?;
    let name = key.to_string();
    evict(&shared.cache, "key", name, Target::Key(key)).await
}

/// Evicts all values with a tag.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete, path = "/tags/{tag}", tag = "cache", operation_id = "evict_tag",
    params(("tag" = String, Path, description = "The tag as listed with a key: without the namespace, escaped")),
    responses(
        (status = 200, description = "No value with the tag is served any more", body = Success<Evicted>),
        super::responses::Refused, super::responses::BadRequest, super::responses::Queued,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn tag(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Success<Evicted>>, Failure> {
    let tag = name::tag(path)?;
    let name = tag.to_string();
    evict(&shared.cache, "tag", name, Target::Tag(tag)).await
}

/// Evicts all keys that match a pattern, by a scan of the namespace.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete, path = "/patterns/{pattern}", tag = "cache", operation_id = "evict_pattern",
    params(("pattern" = String, Path, description = "`*` matches any number of characters, `?` exactly one. A \
        pattern that matches every key is refused")),
    responses(
        (status = 200, description = "The matching keys are evicted", body = Success<Evicted>),
        super::responses::Refused, super::responses::BadRequest, super::responses::Queued,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn pattern(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Success<Evicted>>, Failure> {
    let pattern = name::pattern_in_path(path)?;
    let name = pattern.to_string();
    evict(&shared.cache, "pattern", name, Target::Pattern(pattern)).await
}

/// Evicts the whole namespace and deletes its counters. Other data on the server is not touched.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete, path = "", tag = "cache", operation_id = "flush", params(Confirmation),
    responses(
        (status = 200, description = "The namespace is evicted", body = Success<Evicted>),
        super::responses::Refused, super::responses::BadRequest, super::responses::Queued,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn all(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
    params: Result<Params<Confirmation>, Failure>,
) -> Result<Json<Success<Evicted>>, Failure> {
    let cache = &shared.cache;
    let namespace = cache.namespace();
    let confirmed = params.ok().and_then(|Params(params)| params.confirm);
    if confirmed.as_deref() != Some(namespace) {
        let message = format!("this evicts everything: confirm it with `?confirm={namespace}`");
        return Err(Failure::bad("not_confirmed", message));
    }
    let evicted = evict(cache, "namespace", namespace.to_owned(), Target::Pattern(Pattern::all())).await?;
    cache.delete_counters(OPERATION_TIMEOUT).await?;
    Ok(evicted)
}

async fn evict(
    cache: &Cache,
    kind: &'static str,
    name: String,
    target: Target,
) -> Result<Json<Success<Evicted>>, Failure> {
    let held = run(cache, target).await;
    let shown = echo(&name);
    match held {
        Ok(held) => {
            // `{:?}` escapes line breaks, so that a name cannot forge a line of the log.
            tracing::warn!(namespace = cache.namespace(), kind, name = ?shown, values = held, "evicted by an admin");
            let values = (kind != "tag").then_some(held);
            Ok(success(Evicted { kind, name, values }))
        }
        Err(error) if error.kind() == ErrorKind::Config => Err(error.into()),
        Err(error) => {
            tracing::warn!(namespace = cache.namespace(), kind, name = ?shown, %error, "an admin's eviction is queued");
            Err(Failure::undelivered(&error))
        }
    }
}

/// Evicts with the longest grace of all regions, because the target's own region is not known.
async fn run(cache: &Cache, target: Target) -> CacheResult<u64> {
    let engine = &cache.engine;
    let region = engine.region(REGION);
    let mut policy = region.resolve_default();
    let graces = engine.regions().into_iter().map(|region| region.resolve_default().grace);
    policy.timeout = policy.timeout.max(OPERATION_TIMEOUT);
    policy.grace = graces.max().unwrap_or_default();
    let mut eviction = engine.eviction(&region, &policy);
    eviction.add(target);
    eviction.run().await
}
