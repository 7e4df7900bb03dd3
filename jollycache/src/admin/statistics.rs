//! `GET /stats` and `GET /regions`: counters and policies.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::authorized::Authorized;
use super::reply::{Failure, Success, success};
use super::state::Shared;
use crate::clock::as_millis;
use crate::policy::{Consistency, Resolved, SingleFlight};
use crate::tracker::{RegionStats, Stats};

/// A region: its name, its default policy and its counters.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct RegionView {
    name: String,
    policy: PolicyView,
    stats: RegionStats,
}

/// The policy of a region: that of its first call that set a lifetime, otherwise that of the configuration. Durations are
/// in milliseconds.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct PolicyView {
    /// Hard lifetime of a value.
    ttl_ms: u64,
    /// How long a value past its `ttl` may be served stale.
    stale_ms: u64,
    /// Lifetime of a cached `None`; null if `None` is not cached.
    none_ttl_ms: Option<u64>,
    /// The largest share by which a lifetime is shortened at random.
    jitter: f64,
    /// Timeout of one operation of the backend.
    timeout_ms: u64,
    /// Lifetime of the lease of a load.
    lease_ms: u64,
    /// How long a caller waits for the load of another one.
    wait_ms: u64,
    /// How long after an eviction no value is stored.
    grace_ms: u64,
    /// Lifetime of a write intent.
    intent_ms: u64,
    /// `cluster`, `local` or `off`.
    single_flight: &'static str,
    /// `strict`, `bounded` or `ttl`.
    consistency: &'static str,
}

/// Returns the statistics. No token is needed.
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/stats", tag = "cache", operation_id = "cache_stats",
    responses((status = 200, description = "The counters since the start of the process", body = Success<Stats>)),
))]
pub(super) async fn stats(State(shared): State<Arc<Shared>>) -> Json<Success<Stats>> {
    success(shared.cache.stats())
}

/// Lists the regions that this process has used.
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/regions", tag = "cache", operation_id = "cache_regions",
    responses(
        (status = 200, description = "The regions, each with its policy and counters", body = Success<Vec<RegionView>>),
        super::responses::Refused,
    ),
    security(("bearer" = [])),
))]
pub(super) async fn regions(
    _: Authorized,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<Success<Vec<RegionView>>>, Failure> {
    let mut stats = shared.cache.stats();
    let regions = shared.cache.engine.regions().into_iter().map(|region| RegionView {
        name: region.name.to_string(),
        policy: PolicyView::from(region.observed_policy()),
        stats: stats.regions.remove(&*region.name).unwrap_or_default(),
    });
    Ok(success(regions.collect()))
}

impl From<Resolved> for PolicyView {
    fn from(policy: Resolved) -> Self {
        PolicyView {
            ttl_ms: as_millis(policy.ttl),
            stale_ms: as_millis(policy.stale),
            none_ttl_ms: policy.none_ttl.map(as_millis),
            jitter: policy.jitter,
            timeout_ms: as_millis(policy.timeout),
            lease_ms: as_millis(policy.lease),
            wait_ms: as_millis(policy.wait),
            grace_ms: as_millis(policy.grace),
            intent_ms: as_millis(policy.intent),
            single_flight: match policy.single_flight {
                SingleFlight::Cluster => "cluster",
                SingleFlight::Local => "local",
                SingleFlight::Off => "off",
            },
            consistency: match policy.consistency {
                Consistency::Strict => "strict",
                Consistency::Bounded => "bounded",
                Consistency::Ttl => "ttl",
            },
        }
    }
}
