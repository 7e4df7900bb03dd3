//! `BackendInfo`: what a store reports of itself.

/// What a store reports of itself, for administration and metrics. What it does not report is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct BackendInfo {
    /// The backend's name: `memory`, `redis`.
    pub backend: String,
    /// The server's version, where there is a server.
    pub version: Option<String>,
    /// The memory that the store uses, in bytes.
    pub used_memory: Option<u64>,
    /// The limit on that, in bytes.
    pub max_memory: Option<u64>,
    /// The most memory that the store used since it was started, in bytes.
    pub peak_memory: Option<u64>,
    /// The memory that the operating system gave the server, as a multiple of what the server uses: well above 1 it is fragmented,
    /// below 1 a part is swapped out.
    pub memory_fragmentation: Option<f64>,
    /// How many keys are stored, of all namespaces.
    pub keys: Option<u64>,
    /// How many keys were removed by capacity eviction since the store was started.
    pub capacity_evictions: Option<u64>,
    /// How many keys expired since the store was started.
    pub expired_keys: Option<u64>,
    /// How many connections are open, of all clients.
    pub connected_clients: Option<u64>,
}

impl BackendInfo {
    /// A report of the name alone.
    pub fn new(backend: impl Into<String>) -> Self {
        BackendInfo { backend: backend.into(), ..BackendInfo::default() }
    }
}
