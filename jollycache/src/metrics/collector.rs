//! `MetricsCollector`: publishes the counters of a cache to a recorder.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use metrics::{Label, Recorder, SharedString, counter, gauge};

use super::description::DESCRIPTIONS;
use super::region::{Changes, Observations, Published};
use super::store_total::StoreTotal;
use crate::backend::BackendInfo;
use crate::cache::Cache;
use crate::store::BreakerState;

/// Maximum observations that are recorded before a yield to other tasks.
const MAX_BATCH: usize = 8 * 1024;

/// A publisher of a cache's counters to a recorder of the `metrics` facade.
///
/// Publish before each scrape, or periodically for a recorder that pushes. Counters are incremented by the increase since
/// the last publication, so that several caches add up under one recorder; use one collector for each recorder. Gauges are
/// of the moment of the publication. The backend's values come from one `INFO`, within the timeout of the cache.
///
/// Latencies are aggregated to two significant digits before they are recorded.
///
/// ```
/// use jollycache::metrics::MetricsCollector;
/// use jollycache::{Cache, MemoryBackend};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// let collector = MetricsCollector::new(&cache);
/// // In the handler of `GET /metrics`, before the exporter renders:
/// collector.publish().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MetricsCollector {
    cache: Cache,
    labels: Vec<Label>,
    published: Mutex<HashMap<Box<str>, Published>>,
    events: Mutex<(u64, u64)>,
    capacity_evictions: tokio::sync::Mutex<StoreTotal>,
    #[cfg(feature = "rate-limit")]
    limiters: super::limits::Limiters,
}

struct BackendReport {
    info: BackendInfo,
    new_capacity_evictions: Option<u64>,
}

impl MetricsCollector {
    /// A collector for `cache`, without extra labels or rate limiters.
    pub fn new(cache: &Cache) -> Self {
        MetricsCollector {
            cache: cache.clone(),
            labels: Vec::new(),
            published: Mutex::default(),
            events: Mutex::default(),
            capacity_evictions: tokio::sync::Mutex::default(),
            #[cfg(feature = "rate-limit")]
            limiters: super::limits::Limiters::default(),
        }
    }

    /// Adds a rate limiter, whose decisions are published by the names of its limits. Default: none.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use jollycache::metrics::MetricsCollector;
    /// use jollycache::rate_limit::{Limit, RateLimiter};
    /// use jollycache::{Cache, MemoryBackend};
    ///
    /// # fn main() -> jollycache::Result<()> {
    /// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
    /// let per_user = Limit::new(100, Duration::from_secs(60)).name("per_user");
    /// let limiter = RateLimiter::builder(&cache).limit(per_user).build()?;
    /// let collector = MetricsCollector::new(&cache).with_rate_limiter(&limiter).with_label("cache", "main");
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "rate-limit")]
    #[must_use]
    pub fn with_rate_limiter(mut self, limiter: &crate::rate_limit::RateLimiter) -> Self {
        self.limiters.add(limiter.clone());
        self
    }

    /// Adds a label to all metrics, to distinguish several caches of a process. Default: none.
    #[must_use]
    pub fn with_label(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.labels.push(Label::new(name, SharedString::from_owned(value.into())));
        self
    }

    /// Publishes to the global recorder; does nothing without one.
    ///
    /// A backend that does not answer is published as `jollycache_backend_up` 0.
    ///
    /// # Cancel safety
    /// If the future is dropped, some of the latencies observed since the last publication are lost.
    pub async fn publish(&self) {
        self.publish_within(None).await;
    }

    /// Publishes to a recorder other than the global one. Otherwise the same as [`MetricsCollector::publish`].
    ///
    /// ```
    /// # async fn publish(cache: &jollycache::Cache, recorder: &(dyn metrics::Recorder + Sync)) {
    /// let collector = jollycache::metrics::MetricsCollector::new(cache);
    /// collector.publish_to(recorder).await;
    /// # }
    /// ```
    pub async fn publish_to(&self, recorder: &(dyn Recorder + Sync)) {
        self.publish_within(Some(recorder)).await;
    }

    async fn publish_within(&self, recorder: Option<&(dyn Recorder + Sync)>) {
        let report = self.backend_report().await;
        let changes = self.changes();
        let emit = || {
            DESCRIPTIONS.iter().for_each(super::Description::describe);
            self.emit_state();
            self.emit_backend(report.as_ref());
            #[cfg(feature = "rate-limit")]
            self.limiters.emit(&self.labels);
            changes.into_iter().flat_map(|(region, changes)| changes.emit(&region, &self.labels)).collect()
        };
        let histograms: Vec<_> = match recorder {
            Some(recorder) => metrics::with_local_recorder(recorder, emit),
            None => emit(),
        };
        record(histograms).await;
    }

    /// The increases since the last publication, by region. No recorder is called here, because a lock is held.
    fn changes(&self) -> Vec<(Box<str>, Changes)> {
        let regions = self.cache.engine.tracker.regions();
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = regions.into_iter().map(|(name, tracker)| {
            let changes = published.entry(name.clone()).or_default().update(&tracker);
            (name, changes)
        });
        changes.collect()
    }

    fn new_events(&self) -> [u64; 2] {
        let (sent, lost) = self.cache.engine.event_counts();
        let mut published = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let new = [sent.saturating_sub(published.0), lost.saturating_sub(published.1)];
        *published = (sent.max(published.0), lost.max(published.1));
        new
    }

    #[allow(clippy::cast_precision_loss, reason = "no queue exceeds 52 bits")]
    fn emit_state(&self) {
        let engine = &self.cache.engine;
        for (outcome, new) in ["sent", "lost"].into_iter().zip(self.new_events()) {
            counter!("jollycache_events_total", self.labels(&[("outcome", outcome)])).increment(new);
        }
        let state = match engine.store.breaker_state() {
            BreakerState::Closed => "closed",
            BreakerState::Open { .. } => "open",
            BreakerState::HalfOpen { .. } => "half_open",
        };
        for one in ["closed", "open", "half_open"] {
            let is_so = f64::from(u8::from(one == state));
            gauge!("jollycache_breaker_state", self.labels(&[("state", one)])).set(is_so);
        }
        let connected = f64::from(u8::from(engine.store.is_connected()));
        gauge!("jollycache_connected", self.labels(&[])).set(connected);
        let pending = engine.pending_invalidations() as f64;
        gauge!("jollycache_pending_invalidations", self.labels(&[])).set(pending);
        gauge!("jollycache_waiting_callers", self.labels(&[])).set(engine.waiting() as f64);
    }

    /// The backend's report. Reports are taken one at a time, because an older one that is compared after a newer one
    /// would look like that of a restarted store.
    async fn backend_report(&self) -> Option<BackendReport> {
        let mut published = self.capacity_evictions.lock().await;
        let info = self.cache.info().await.ok()?;
        let new_capacity_evictions = info.capacity_evictions.map(|total| published.advance(total));
        Some(BackendReport { info, new_capacity_evictions })
    }

    /// Values that the backend does not report are not published, and keep their last published ones.
    #[allow(clippy::cast_precision_loss, reason = "a gauge needs no more than 52 bits")]
    fn emit_backend(&self, report: Option<&BackendReport>) {
        let labels = self.labels(&[("backend", self.cache.backend_name())]);
        gauge!("jollycache_backend_up", labels.clone()).set(f64::from(u8::from(report.is_some())));
        let Some(BackendReport { info, new_capacity_evictions }) = report else { return };
        if let Some(new) = *new_capacity_evictions {
            counter!("jollycache_backend_capacity_evictions_total", labels.clone()).increment(new);
        }
        let limit = info.used_memory.map(|_| info.max_memory.unwrap_or(0));
        for (name, value) in [
            ("jollycache_backend_keys", info.keys),
            ("jollycache_backend_expired_keys", info.expired_keys),
            ("jollycache_backend_connected_clients", info.connected_clients),
            ("jollycache_backend_memory_used_bytes", info.used_memory),
            ("jollycache_backend_memory_peak_bytes", info.peak_memory),
            ("jollycache_backend_memory_max_bytes", limit),
        ] {
            if let Some(value) = value {
                gauge!(name, labels.clone()).set(value as f64);
            }
        }
        if let Some(ratio) = info.memory_fragmentation {
            gauge!("jollycache_backend_memory_fragmentation_ratio", labels).set(ratio);
        }
    }

    fn labels(&self, own: &[(&'static str, &'static str)]) -> Vec<Label> {
        let own = own.iter().map(|&(name, value)| Label::from_static_parts(name, value));
        self.labels.iter().cloned().chain(own).collect()
    }
}

async fn record(histograms: Vec<(metrics::Histogram, Observations)>) {
    let mut recorded = 0;
    for (histogram, observations) in histograms {
        for (seconds, mut count) in observations {
            while count > 0 {
                let part = count.min(MAX_BATCH - recorded);
                histogram.record_many(seconds, part);
                count -= part;
                recorded += part;
                if recorded == MAX_BATCH {
                    recorded = 0;
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}
