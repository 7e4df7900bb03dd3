//! Evictions: of a key, a tag, a pattern, or all of the namespace. Each is logged, and counted in the region `admin`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};

use super::builder::{PATIENCE, Shared};
use super::gate::Authorized;
use super::name;
use super::reply::{Failure, Success, echo, success};
use crate::cache::Cache;
use crate::engine::Target;
use crate::error::Result as CacheResult;
use crate::key::Pattern;

/// The region in which evictions by people are counted.
const REGION: &str = "admin";

/// What fell.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Evicted {
    /// `key`, `tag`, `pattern` or `namespace`.
    kind: &'static str,
    /// The name of what was evicted.
    name: String,
    /// How many values fell; null for a tag, whose values are not looked for.
    values: Option<u64>,
}

/// The confirmation of a flush.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub(super) struct Confirmation {
    /// The namespace, to confirm that it is meant.
    confirm: Option<String>,
}

/// Evicts a key.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete, path = "/keys/{key}", tag = "cache", operation_id = "evict_key",
    params(("key" = String, Path, description = "The key as it is listed: without the namespace, escaped")),
    responses(
        (status = 200, description = "It is evicted, whether it held a value or not", body = Success<Evicted>),
        super::openapi::Refused, super::openapi::BadRequest, super::openapi::Queued,
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

/// Evicts a tag, and so all values that carry it.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete, path = "/tags/{tag}", tag = "cache", operation_id = "evict_tag",
    params(("tag" = String, Path, description = "The tag as keys list it: without the namespace, escaped")),
    responses(
        (status = 200, description = "No value that carries it is served any more", body = Success<Evicted>),
        super::openapi::Refused, super::openapi::BadRequest, super::openapi::Queued,
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

/// Evicts all keys that match a pattern, by a scan.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete, path = "/patterns/{pattern}", tag = "cache", operation_id = "evict_pattern",
    params(("pattern" = String, Path, description = "`*` is any run of characters, `?` any one. One that matches \
        every key is refused")),
    responses(
        (status = 200, description = "The keys that matched are evicted", body = Success<Evicted>),
        super::openapi::Refused, super::openapi::BadRequest, super::openapi::Queued,
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

/// Evicts everything in the namespace, and deletes its counters. Nothing else on the server is touched.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete, path = "", tag = "cache", operation_id = "flush", params(Confirmation),
    responses(
        (status = 200, description = "Everything is evicted", body = Success<Evicted>),
        super::openapi::Refused, super::openapi::BadRequest, super::openapi::Queued,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn all(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
    query: Result<Query<Confirmation>, QueryRejection>,
) -> Result<Json<Success<Evicted>>, Failure> {
    let cache = &shared.cache;
    let namespace = cache.namespace();
    let confirmed = query.ok().and_then(|Query(query)| query.confirm);
    if confirmed.as_deref() != Some(namespace) {
        let message = format!("this evicts everything: confirm it with `?confirm={namespace}`");
        return Err(Failure::bad("not_confirmed", message));
    }
    let evicted = evict(cache, "namespace", namespace.to_owned(), Target::Pattern(Pattern::all())).await?;
    cache.delete_counters(PATIENCE).await?;
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
            // Without the quotes' escapes, a name is visible ASCII: it cannot forge a line.
            tracing::warn!(namespace = cache.namespace(), kind, name = ?shown, values = held, "evicted by an admin");
            let values = (kind != "tag").then_some(held);
            Ok(success(Evicted { kind, name, values }))
        }
        Err(error) => {
            tracing::warn!(namespace = cache.namespace(), kind, name = ?shown, %error, "an admin's eviction is queued");
            Err(Failure::undelivered(&error))
        }
    }
}

/// With the longest grace of any region: it is not known which one the target is of.
async fn run(cache: &Cache, target: Target) -> CacheResult<u64> {
    let engine = &cache.engine;
    let region = engine.region(REGION);
    let mut policy = region.resolve_default();
    let graces = engine.regions().into_iter().map(|region| region.resolve_default().grace);
    policy.timeout = policy.timeout.max(PATIENCE);
    policy.grace = graces.max().unwrap_or_default();
    let mut eviction = engine.eviction(&region, &policy);
    eviction.add(target);
    eviction.run().await
}
