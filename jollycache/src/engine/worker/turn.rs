//! `Turn`: the work of the worker between two pauses. The files beside this one add the parts.

use std::time::{Duration, Instant};

use super::summary::Summary;
use crate::clock;
use crate::engine::Engine;

/// How long after a failed delivery the next is tried, while the backend answers.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Turn<'e> {
    pub(super) engine: &'e Engine,
}

impl<'e> Turn<'e> {
    pub(in crate::engine) fn new(engine: &'e Engine) -> Self {
        Turn { engine }
    }

    /// Does what there is to do. Returns how long the worker then pauses, unless it is woken.
    pub(super) async fn run(self, summary: &mut Summary) -> Duration {
        self.probe_backend().await;
        let delivered = self.deliver_queued().await;
        let done = self.run_jobs().await;
        summary.write_if_due(|| self.engine.stats(), clock::now());
        self.pause(delivered && done, summary.due())
    }

    async fn probe_backend(self) {
        let Engine { store, worker, .. } = self.engine;
        let timeout = worker.timeout;
        worker.report(|watchdog, now| watchdog.step(now, timeout));
        store.probe(timeout).await;
    }

    fn pause(self, delivered: bool, summary_due: Instant) -> Duration {
        let now = clock::now();
        let until_summary = summary_due.saturating_duration_since(now);
        match self.engine.store.probe_in(now) {
            Some(until_probe) => until_probe.min(until_summary),
            None if delivered => until_summary,
            None => RETRY_INTERVAL.min(until_summary),
        }
    }
}
