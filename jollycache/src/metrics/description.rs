//! `Description`: the name, kind, labels and unit of a metric.

use metrics::Unit;

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A sum that never decreases while the process runs.
    Counter,
    /// A value that can increase and decrease.
    Gauge,
    /// A distribution of observations.
    Histogram,
}

/// The description of a metric.
///
/// ```
/// use jollycache::metrics::{DESCRIPTIONS, Kind};
///
/// let reads = DESCRIPTIONS.iter().find(|metric| metric.name == "jollycache_reads_total");
/// assert_eq!(reads.map(|metric| metric.kind), Some(Kind::Counter));
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Description {
    /// The name.
    pub name: &'static str,
    /// The kind.
    pub kind: Kind,
    /// The labels of every series.
    pub labels: &'static [&'static str],
    /// The unit.
    pub unit: Unit,
    /// The meaning, in one sentence.
    pub help: &'static str,
}

impl Description {
    const fn new(
        name: &'static str,
        kind: Kind,
        labels: &'static [&'static str],
        unit: Unit,
        help: &'static str,
    ) -> Self {
        Description { name, kind, labels, unit, help }
    }

    /// Describes the metric to the current recorder.
    pub(super) fn describe(&self) {
        let (name, unit, help) = (self.name, self.unit, self.help);
        match self.kind {
            Kind::Counter => metrics::describe_counter!(name, unit, help),
            Kind::Gauge => metrics::describe_gauge!(name, unit, help),
            Kind::Histogram => metrics::describe_histogram!(name, unit, help),
        }
    }
}

const REGION: &[&str] = &["region"];
const OUTCOME: &[&str] = &["region", "outcome"];
const BACKEND: &[&str] = &["backend"];

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Description {
    Description::new(name, Kind::Counter, labels, Unit::Count, help)
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Description {
    Description::new(name, Kind::Gauge, labels, Unit::Count, help)
}

const fn bytes(name: &'static str, help: &'static str) -> Description {
    Description::new(name, Kind::Gauge, BACKEND, Unit::Bytes, help)
}

const fn seconds(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Description {
    Description::new(name, Kind::Histogram, labels, Unit::Seconds, help)
}

/// The metrics that [`MetricsCollector`](super::MetricsCollector) publishes.
pub const DESCRIPTIONS: &[Description] = &[
    counter("jollycache_reads_total", OUTCOME, "Reads: hit, stale or miss."),
    counter("jollycache_loads_total", REGION, "Loads."),
    counter("jollycache_load_errors_total", REGION, "Loads that failed or panicked."),
    counter("jollycache_fills_total", OUTCOME, "Loaded values: stored, or refused after an invalidation."),
    counter("jollycache_lease_waits_total", REGION, "Waits for the load of another process."),
    counter("jollycache_flight_joins_total", REGION, "Reads that waited for a load of this process."),
    counter(
        "jollycache_evictions_total",
        &["region", "target"],
        "Invalidations: of a key, a tag or a pattern.",
    ),
    counter(
        "jollycache_puts_total",
        OUTCOME,
        "Written values: stored, or refused because of another writer.",
    ),
    counter(
        "jollycache_backend_errors_total",
        REGION,
        "Operations that the backend failed or did not answer.",
    ),
    counter("jollycache_bypasses_total", REGION, "Calls that bypassed the cache."),
    counter("jollycache_unreadable_entries_total", REGION, "Entries of another type or format."),
    counter(
        "jollycache_rejected_values_total",
        REGION,
        "Values too large, not encodable, or of too many tags.",
    ),
    counter(
        "jollycache_lossy_values_total",
        REGION,
        "Values not stored because decoding would have changed them.",
    ),
    counter("jollycache_expired_intents_total", REGION, "Writes that took longer than their intent."),
    counter("jollycache_audits_total", OUTCOME, "Audited entries: compared, skipped or load_failed."),
    counter("jollycache_audit_differences_total", REGION, "Audited entries that differed from their source."),
    counter("jollycache_audit_repairs_total", REGION, "Differing entries that an audit replaced or evicted."),
    counter("jollycache_events_total", &["outcome"], "Events of invalidations: sent or lost."),
    counter("jollycache_rate_limit_decisions_total", &["limit", "outcome"], "Requests: allowed or limited."),
    counter("jollycache_rate_limit_degraded_total", &["limit"], "Requests decided without the backend."),
    seconds("jollycache_read_duration_seconds", OUTCOME, "A read: of a hit, or of a miss with its load."),
    seconds("jollycache_load_duration_seconds", REGION, "A load alone."),
    seconds(
        "jollycache_stale_age_seconds",
        REGION,
        "The time since the ttl of a value that was served stale.",
    ),
    seconds(
        "jollycache_difference_age_seconds",
        REGION,
        "The age of a stored value that an audit found to differ.",
    ),
    gauge("jollycache_connected", &[], "Whether calls go to the backend: 1, or 0 while the breaker is open."),
    gauge(
        "jollycache_breaker_state",
        &["state"],
        "1 for the state the breaker is in: closed, open or half_open.",
    ),
    gauge("jollycache_pending_invalidations", &[], "Invalidations in the queue for delivery to the backend."),
    gauge("jollycache_waiting_callers", &[], "Callers that wait for a load of this process."),
    gauge("jollycache_backend_up", BACKEND, "Whether the backend reported its state: 1 or 0."),
    gauge("jollycache_backend_keys", BACKEND, "Keys in the store, of all namespaces."),
    counter(
        "jollycache_backend_capacity_evictions_total",
        BACKEND,
        "Keys that the store removed to stay within its memory limit.",
    ),
    gauge("jollycache_backend_expired_keys", BACKEND, "Keys that expired since the store was started."),
    gauge("jollycache_backend_connected_clients", BACKEND, "Open connections of all clients."),
    bytes("jollycache_backend_memory_used_bytes", "Memory in use."),
    bytes("jollycache_backend_memory_peak_bytes", "The maximum memory in use since the store was started."),
    bytes("jollycache_backend_memory_max_bytes", "The limit on memory in use; 0 without a limit."),
    gauge(
        "jollycache_backend_memory_fragmentation_ratio",
        BACKEND,
        "Memory of the server's process by memory in use.",
    ),
];
