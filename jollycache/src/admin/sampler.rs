//! `Sampler`: the overview, at most once a second however many ask for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::sync::Mutex;

use super::overview::{Overview, ServerView};
use crate::cache::{Cache, WarmUp};
use crate::clock::{self, as_millis};

/// How old an overview may be. A little under a second, so that one who asks every second has a new one each time.
const SHORTEST_PERIOD: Duration = Duration::from_millis(900);
/// How long what the server tells about itself is kept.
const SERVER_PERIOD: Duration = Duration::from_secs(5);

type Histograms = BTreeMap<Box<str>, Histogram<u64>>;

/// Keeps what the next overview is compared with.
pub(super) struct Sampler {
    started: Instant,
    last: Mutex<Option<Sample>>,
}

struct Sample {
    taken: Instant,
    latencies: Histograms,
    server: Option<ServerView>,
    server_asked: Instant,
    overview: Arc<Overview>,
}

/// Latencies of reads since the overview before.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Recent {
    /// Since when, in milliseconds.
    window_ms: u64,
    /// All regions together.
    total: RecentReads,
    /// Each region by name.
    regions: BTreeMap<String, RecentReads>,
}

/// Latencies of some reads, in microseconds; zero where there was none.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct RecentReads {
    /// How many reads.
    count: u64,
    /// The median.
    p50_us: u64,
    /// 99 of 100 were at most this.
    p99_us: u64,
}

impl Default for Sampler {
    fn default() -> Self {
        Sampler { started: clock::now(), last: Mutex::default() }
    }
}

impl Sampler {
    /// The overview as it is now, or was less than a second ago.
    pub(super) async fn overview(
        &self,
        cache: &Cache,
        warm_up: Option<&WarmUp>,
        hides_values: bool,
    ) -> Arc<Overview> {
        let mut last = self.last.lock().await;
        let now = clock::now();
        if let Some(sample) = &*last
            && now.saturating_duration_since(sample.taken) < SHORTEST_PERIOD
        {
            return sample.overview.clone();
        }
        let (server, server_asked) = match &*last {
            Some(sample) if now.saturating_duration_since(sample.server_asked) < SERVER_PERIOD => {
                (sample.server.clone(), sample.server_asked)
            }
            _ => (cache.info().await.ok().map(ServerView::from), now),
        };
        let latencies: Histograms = cache.engine.tracker.read_latencies().into_iter().collect();
        let before = last.as_ref().map(|sample| (&sample.latencies, sample.taken));
        let recent = Recent::between(before, &latencies, now, self.started);
        let overview = Arc::new(Overview {
            at_ms: clock::now_ms(),
            uptime_ms: as_millis(now.saturating_duration_since(self.started)),
            namespace: cache.namespace().to_owned(),
            backend: cache.backend_name(),
            server: server.clone(),
            breaker: cache.engine.store.breaker_state().into(),
            tells_events: cache.engine.tells(),
            values_hidden: hides_values,
            audits: cache.engine.auditors().len(),
            stats: cache.stats(),
            recent,
            warm_up: warm_up.map(WarmUp::progress),
        });
        *last = Some(Sample { taken: now, latencies, server, server_asked, overview: overview.clone() });
        overview
    }
}

impl Recent {
    fn between(
        before: Option<(&Histograms, Instant)>,
        after: &Histograms,
        now: Instant,
        started: Instant,
    ) -> Self {
        let since = before.map_or(started, |(_, taken)| taken);
        let mut total: Option<Histogram<u64>> = None;
        let mut regions = BTreeMap::new();
        for (name, histogram) in after {
            let mut fresh = histogram.clone();
            if let Some(old) = before.and_then(|(before, _)| before.get(name)) {
                // Those of one kind have the same bounds, and counts only grow, so this cannot fail.
                let _ = fresh.subtract(old);
            }
            regions.insert(name.to_string(), RecentReads::of(&fresh));
            match total.as_mut() {
                Some(total) => drop(total.add(&fresh)),
                None => total = Some(fresh),
            }
        }
        let total = total.as_ref().map(RecentReads::of).unwrap_or_default();
        Recent { window_ms: as_millis(now.saturating_duration_since(since)), total, regions }
    }
}

impl RecentReads {
    fn of(histogram: &Histogram<u64>) -> Self {
        RecentReads {
            count: histogram.len(),
            p50_us: histogram.value_at_quantile(0.50),
            p99_us: histogram.value_at_quantile(0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histograms(values: &[u64]) -> Histograms {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000, 2).expect("bounds");
        for value in values {
            histogram.saturating_record(*value);
        }
        BTreeMap::from([("product".into(), histogram)])
    }

    #[test]
    fn only_what_came_since_counts() {
        let started = clock::now();
        let (before, after) = (histograms(&[1_000; 50]), histograms(&[[1_000; 50], [10; 50]].concat()));
        let later = started + Duration::from_secs(2);
        let recent = Recent::between(Some((&before, started)), &after, later, started);
        assert_eq!(recent.window_ms, 2_000);
        assert_eq!((recent.total.count, recent.total.p50_us, recent.total.p99_us), (50, 10, 10));
        assert_eq!(recent.regions["product"].count, 50);
        let first = Recent::between(None, &after, later, started);
        assert_eq!(first.total.count, 100);
        let idle = Recent::between(Some((&after, started)), &after, later, started);
        assert_eq!((idle.total.count, idle.total.p99_us), (0, 0));
    }
}
