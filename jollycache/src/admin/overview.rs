//! What the cache does: statistics, regions, and the overview that the page lives on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::builder::Shared;
use super::gate::Authorized;
use super::reply::{Failure, Success, success};
use super::sampler::Recent;
use crate::backend::BackendInfo;
use crate::cache::WarmUpProgress;
use crate::clock::as_millis;
use crate::policy::{Consistency, Resolved, SingleFlight};
use crate::store::BreakerState;
use crate::tracker::{RegionStats, Stats};

/// Everything that the page shows of the cache as a whole.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Overview {
    /// When it was taken, in milliseconds since the Unix epoch.
    pub(super) at_ms: u64,
    /// For how long the process has had this API, in milliseconds.
    pub(super) uptime_ms: u64,
    /// The namespace of all keys.
    pub(super) namespace: String,
    /// Where entries are kept, such as `redis`.
    pub(super) backend: &'static str,
    /// What the store tells about itself, when it last answered.
    pub(super) server: Option<ServerView>,
    /// What the circuit breaker does.
    pub(super) breaker: BreakerView,
    /// Whether this process tells its invalidations.
    pub(super) tells_events: bool,
    /// Whether values are hidden.
    pub(super) values_hidden: bool,
    /// How many audits are registered.
    pub(super) audits: usize,
    /// The counters.
    pub(super) stats: Stats,
    /// Latencies since the overview before.
    pub(super) recent: Recent,
    /// How far the warm-up is, where there is one.
    pub(super) warm_up: Option<WarmUpProgress>,
}

/// What the store tells about itself.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct ServerView {
    /// The server's version, where there is a server.
    version: Option<String>,
    /// Memory that the store uses, in bytes.
    used_memory_bytes: Option<u64>,
    /// The limit on that.
    max_memory_bytes: Option<u64>,
    /// How many keys are there, of all namespaces.
    keys: Option<u64>,
}

/// What the circuit breaker does.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum BreakerView {
    /// Calls go to the backend.
    Closed,
    /// Calls go past the cache, until a probe is answered.
    Open,
    /// A probe is under way.
    HalfOpen,
}

/// A region: what holds in it where a call or an attribute says nothing, and what was done in it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct RegionView {
    name: String,
    policy: PolicyView,
    stats: RegionStats,
}

/// The policy of a region: of its first call that set a lifetime, or else what start-up sets. Durations in milliseconds.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct PolicyView {
    /// Hard lifetime of a value.
    ttl_ms: u64,
    /// How long past that it may be served stale.
    stale_ms: u64,
    /// How long `None` is kept; null if it is not.
    none_ttl_ms: Option<u64>,
    /// By up to which share lifetimes are shortened at random.
    jitter: f64,
    /// Bound on one operation.
    timeout_ms: u64,
    /// How long a load keeps the others out.
    lease_ms: u64,
    /// How long to wait for somebody else's load.
    wait_ms: u64,
    /// How long after an eviction nothing is stored.
    grace_ms: u64,
    /// How long a write intent lives.
    intent_ms: u64,
    /// `cluster`, `local` or `off`.
    single_flight: &'static str,
    /// `strict`, `bounded` or `ttl`.
    consistency: &'static str,
}

/// The statistics, which need no token.
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/stats", tag = "cache", operation_id = "cache_stats",
    responses((status = 200, description = "The counters since the start of the process", body = Success<Stats>)),
))]
pub(super) async fn stats(State(shared): State<Arc<Shared>>) -> Json<Success<Stats>> {
    success(shared.cache.stats())
}

/// The regions that have been seen.
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/regions", tag = "cache", operation_id = "cache_regions",
    responses(
        (status = 200, description = "Each region with policy and counters", body = Success<Vec<RegionView>>),
        super::openapi::Refused,
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

impl From<BackendInfo> for ServerView {
    fn from(info: BackendInfo) -> Self {
        ServerView {
            version: info.version,
            used_memory_bytes: info.used_memory,
            max_memory_bytes: info.max_memory,
            keys: info.keys,
        }
    }
}

impl From<BreakerState> for BreakerView {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Closed => BreakerView::Closed,
            BreakerState::Open { .. } => BreakerView::Open,
            BreakerState::HalfOpen { .. } => BreakerView::HalfOpen,
        }
    }
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
