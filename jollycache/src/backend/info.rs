//! `BackendInfo`: what a store reports of itself.

/// What [`Backend::info`] tells, for people.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BackendInfo {
    /// `memory`, `redis`.
    pub backend: String,
    /// The server's version, where there is a server.
    pub version: Option<String>,
    /// Memory that the store uses, in bytes.
    pub used_memory: Option<u64>,
    /// The limit on that, in bytes.
    pub max_memory: Option<u64>,
    /// The most memory that the store used since it was started, in bytes.
    pub peak_memory: Option<u64>,
    /// What the operating system gave the server, as a multiple of what the server uses: well above 1 it is fragmented,
    /// below 1 a part is swapped out.
    pub memory_fragmentation: Option<f64>,
    /// How many keys are there, of all namespaces.
    pub keys: Option<u64>,
    /// How many keys were pushed out for want of memory, since the store was started.
    pub evicted_keys: Option<u64>,
    /// How many keys ended by themselves, since the store was started.
    pub expired_keys: Option<u64>,
    /// How many connections are open, of all clients.
    pub connected_clients: Option<u64>,
}
