//! The worker: one task a cache, for what no caller should wait for. It probes a lost backend, delivers queued
//! invalidations, gives back the leases of cancelled loads and dropped locks, and writes the summary to the log.
//!
//! The engine owns the task and aborts it when it is dropped; the task holds the engine only while it works.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Engine;
use super::delivery::Sender;
use crate::backend::WriteEnd;
use crate::clock;
use crate::entry::Token;
use crate::error::Result;
use crate::key::StoredKey;
use crate::tracker::{RegionStats, ratio};

/// The most leases, intents and locks that wait to be given back; one beyond them ends by itself.
const MAX_JOBS: usize = 10_000;
/// Invalidations delivered with one call.
const REPAIR_BATCH: usize = 256;
/// The bound on one of the worker's own operations.
pub(super) const WORKER_TIMEOUT: Duration = Duration::from_millis(500);
/// The bound on an invalidation by scan.
pub(super) const SCAN_TIMEOUT: Duration = Duration::from_mins(1);
/// How long after a failed delivery the next is tried, while the backend answers.
const REPAIR_RETRY: Duration = Duration::from_millis(200);
/// How often the summary is written, and the hit rate judged.
const SUMMARY_EVERY: Duration = Duration::from_mins(5);
/// A hit rate below this is worth a warning…
const LOW_HIT_RATE: f64 = 0.5;
/// …if this many reads stand behind it.
const READS_TO_JUDGE: u64 = 100;

/// Something to give back.
#[derive(Debug)]
pub(super) enum Job {
    Release { key: StoredKey, token: Token },
    EndWrite { key: StoredKey, token: Token, grace: Duration },
    OpenTags { tags: Vec<StoredKey>, token: Token, grace: Duration },
    Unlock { lock: StoredKey, token: Token },
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Worker {
    wake: Arc<Notify>,
    jobs: Mutex<VecDeque<Job>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    /// Starts the task on the current runtime, if there is one and the task does not run.
    pub(super) fn start(&self, engine: &Arc<Engine>) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            *task = Some(runtime.spawn(run(Arc::downgrade(engine), self.wake.clone())));
        }
    }

    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(super) fn push(&self, job: Job) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() < MAX_JOBS {
            jobs.push_back(job);
            drop(jobs);
            self.wake();
        }
    }

    fn pop(&self) -> Option<Job> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

async fn run(engine: Weak<Engine>, wake: Arc<Notify>) {
    let mut summary = Summary { due: clock::now() + SUMMARY_EVERY, before: RegionStats::default() };
    let mut pause = Duration::ZERO;
    loop {
        // A lost wake-up costs nothing: `Notify` keeps one, and the pause ends by itself.
        let _ = tokio::time::timeout(pause, wake.notified()).await;
        let Some(engine) = engine.upgrade() else { return };
        engine.probe().await;
        let delivered = engine.deliver_repairs().await;
        engine.run_jobs().await;
        summary.write_if_due(&engine, clock::now());
        pause = engine.pause(delivered, summary.due);
    }
}

impl Engine {
    /// Makes sure that the worker runs; a cache that was built outside a runtime starts it at its first miss.
    pub(crate) fn ensure_worker(self: &Arc<Self>) {
        self.worker.start(self);
    }

    /// Delivers what is queued now, if the backend answers. Returns whether nothing is left.
    pub(crate) async fn flush_repairs(&self) -> bool {
        self.deliver_repairs().await
    }

    fn pause(&self, delivered: bool, summary_due: Instant) -> Duration {
        let now = clock::now();
        let until_summary = summary_due.saturating_duration_since(now);
        match self.breaker.probe_in(now) {
            Some(until_probe) => until_probe.min(until_summary),
            None if delivered => until_summary,
            None => REPAIR_RETRY.min(until_summary),
        }
    }

    async fn probe(&self) {
        let Some(probe) = self.breaker.begin_probe(clock::now()) else { return };
        if matches!(tokio::time::timeout(WORKER_TIMEOUT, self.backend.ping()).await, Ok(Ok(()))) {
            probe.succeeded();
            tracing::warn!(backend = self.backend.name(), "regained the cache backend");
        } else {
            probe.failed(clock::now(), rand::random());
        }
    }

    async fn deliver_repairs(&self) -> bool {
        while self.repair.len() > 0 && self.breaker.allows() {
            let batch = self.repair.batch(REPAIR_BATCH);
            let count = batch.invalidations.len();
            let targets = batch.invalidations.iter().map(|(pending, grace)| (pending, *grace));
            if let Err(error) = self.deliver(Sender::Worker, targets).await {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(
                    backend = self.backend.name(),
                    error,
                    "queued invalidations could not be delivered"
                );
                return false;
            }
            self.repair.delivered(&batch);
            self.tell(None, batch.invalidations.iter().map(|(pending, _)| pending));
            tracing::info!(backend = self.backend.name(), count, "delivered queued invalidations");
        }
        self.repair.len() == 0
    }

    async fn run_jobs(&self) {
        while self.breaker.allows() {
            let Some(job) = self.worker.pop() else { return };
            // What fails ends by itself, so there is nothing to do about an error.
            match job {
                Job::Release { key, token } => {
                    drop(in_time(WORKER_TIMEOUT, self.backend.release(&key, token)).await);
                }
                Job::EndWrite { key, token, grace } => {
                    let end = WriteEnd::Evict { grace };
                    drop(in_time(WORKER_TIMEOUT, self.backend.end_write(&key, token, end)).await);
                }
                Job::Unlock { lock, token } => {
                    drop(in_time(WORKER_TIMEOUT, self.backend.unlock(&lock, token)).await);
                }
                Job::OpenTags { tags, token, grace } => {
                    drop(in_time(WORKER_TIMEOUT, self.backend.open_tags(&tags, token, grace)).await);
                }
            }
        }
    }
}

pub(super) async fn in_time<T>(bound: Duration, operation: impl Future<Output = Result<T>>) -> Result<T> {
    use crate::error::{Error, ErrorKind};
    let late =
        |_| Err(Error::new(ErrorKind::Timeout, format!("the cache backend did not answer within {bound:?}")));
    tokio::time::timeout(bound, operation).await.unwrap_or_else(late)
}

struct Summary {
    due: Instant,
    before: RegionStats,
}

impl Summary {
    fn write_if_due(&mut self, engine: &Engine, now: Instant) {
        if now < self.due {
            return;
        }
        self.due = now + SUMMARY_EVERY;
        let total = engine.stats().total;
        let served = (total.hits + total.stale_reads) - (self.before.hits + self.before.stale_reads);
        let reads = served + total.misses - self.before.misses;
        let rate = ratio(served, reads);
        tracing::info!(
            reads,
            hit_rate = rate,
            loads = total.loads - self.before.loads,
            backend_errors = total.backend_errors - self.before.backend_errors,
            "cache summary of the last {SUMMARY_EVERY:?}"
        );
        if reads >= READS_TO_JUDGE && rate < LOW_HIT_RATE {
            tracing::warn!(
                reads,
                hit_rate = rate,
                "low hit rate: fewer than half of the reads were served from the cache"
            );
        }
        self.before = total;
    }
}
