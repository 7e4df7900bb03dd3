//! `Sampler`: the source of overviews.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::overview::{Overview, ServerView};
use super::recent::{Histograms, Recent};
use crate::cache::{Cache, WarmUp};
use crate::clock::{self, as_millis};

/// The maximum age of an overview. A little under a second, so that a client that asks every second gets a new one each
/// time.
const MAX_AGE: Duration = Duration::from_millis(900);
/// The maximum age of the server's report in it.
const MAX_SERVER_AGE: Duration = Duration::from_secs(5);

/// Takes an overview at most once a second, for any number of clients.
pub(super) struct Sampler {
    started: Instant,
    last: Mutex<Option<Sample>>,
}

struct Sample {
    taken: Instant,
    latencies: Histograms,
    server: Option<ServerView>,
    server_requested: Instant,
    overview: Arc<Overview>,
}

impl Default for Sampler {
    fn default() -> Self {
        Sampler { started: clock::now(), last: Mutex::default() }
    }
}

impl Sampler {
    /// The overview of this moment, or the last one if it is younger than [`MAX_AGE`].
    pub(super) async fn overview(
        &self,
        cache: &Cache,
        warm_up: Option<&WarmUp>,
        hides_values: bool,
    ) -> Arc<Overview> {
        let mut last = self.last.lock().await;
        let now = clock::now();
        if let Some(sample) = &*last
            && now.saturating_duration_since(sample.taken) < MAX_AGE
        {
            return sample.overview.clone();
        }
        let (server, server_requested) = server(cache, last.as_ref(), now).await;
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
            publishes_events: cache.engine.publishes_events(),
            values_hidden: hides_values,
            audits: cache.engine.auditors.all().len(),
            stats: cache.stats(),
            recent,
            warm_up: warm_up.map(WarmUp::progress),
        });
        *last = Some(Sample { taken: now, latencies, server, server_requested, overview: overview.clone() });
        overview
    }
}

/// The server's report and the time of the request for it. An outage is remembered as long as an answer, so that the page
/// does not wait for a timeout each second.
async fn server(cache: &Cache, last: Option<&Sample>, now: Instant) -> (Option<ServerView>, Instant) {
    match last {
        Some(sample) if now.saturating_duration_since(sample.server_requested) < MAX_SERVER_AGE => {
            (sample.server.clone(), sample.server_requested)
        }
        _ => (cache.info().await.ok().map(ServerView::from), now),
    }
}
