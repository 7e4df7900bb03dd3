//! `Overview`: the state of the whole cache, for the page.

use serde::Serialize;

use super::recent::Recent;
use crate::backend::BackendInfo;
use crate::cache::WarmUpProgress;
use crate::store::BreakerState;
use crate::tracker::Stats;

/// The state of the whole cache at one moment.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Overview {
    /// When it was taken, in milliseconds since the Unix epoch.
    pub(super) at_ms: u64,
    /// The age of the admin API in this process, in milliseconds.
    pub(super) uptime_ms: u64,
    /// The namespace of all keys.
    pub(super) namespace: String,
    /// The backend's name, such as `redis`.
    pub(super) backend: &'static str,
    /// What the store reported when it last answered.
    pub(super) server: Option<ServerView>,
    /// The state of the circuit breaker.
    pub(super) breaker: BreakerView,
    /// Whether this process publishes its invalidations as events.
    pub(super) publishes_events: bool,
    /// Whether values are hidden.
    pub(super) values_hidden: bool,
    /// The number of registered audits.
    pub(super) audits: usize,
    /// The counters.
    pub(super) stats: Stats,
    /// Latencies since the previous overview.
    pub(super) recent: Recent,
    /// The progress of the warm-up; null if none is configured.
    pub(super) warm_up: Option<WarmUpProgress>,
}

/// The store's report on itself.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct ServerView {
    /// The server's version; null for a store in memory.
    version: Option<String>,
    /// Memory in use, in bytes.
    used_memory_bytes: Option<u64>,
    /// The limit on memory in use, in bytes; null without a limit.
    max_memory_bytes: Option<u64>,
    /// The number of keys in the store, of all namespaces.
    keys: Option<u64>,
}

/// The state of the circuit breaker.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum BreakerView {
    /// Calls use the backend.
    Closed,
    /// Calls bypass the backend until a probe succeeds.
    Open,
    /// A probe is in progress.
    HalfOpen,
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
