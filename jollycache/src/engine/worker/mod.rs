//! The worker: one task a cache, for what no caller should wait for. It probes a lost backend, delivers queued
//! invalidations, releases the leases of cancelled loads and dropped locks, and writes the summary to the log.
//!
//! The engine owns the task and aborts it when it is dropped; the task holds the engine only while it works.

mod deliveries;
mod jobs;
mod summary;
mod watchdog;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub(super) use self::jobs::Job;

use self::jobs::Jobs;
use self::summary::Summary;
use self::watchdog::Watchdog;
use super::Engine;
use crate::clock;
use crate::store::Call;

/// The bound on one of the worker's own operations, unless calls have a longer one: on a slow network, what calls wait
/// for would never be in time for the worker.
const MIN_TIMEOUT: Duration = Duration::from_millis(500);
/// The longest bound: while the worker waits for an answer that is lost, it does nothing else.
const MAX_TIMEOUT: Duration = Duration::from_secs(2);
/// How long after a failed delivery the next is tried, while the backend answers.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// See the module.
#[derive(Debug)]
pub(super) struct Worker {
    /// The bound on one operation.
    pub(super) timeout: Duration,
    wake: Arc<Notify>,
    jobs: Jobs,
    task: Mutex<Option<Running>>,
}

/// The task, and what it promised.
#[derive(Debug)]
struct Running {
    task: JoinHandle<()>,
    watchdog: Watchdog,
}

impl Worker {
    /// A worker that has not started, of a cache whose calls wait for at most `call_timeout` by default.
    pub(super) fn new(call_timeout: Duration) -> Self {
        Worker {
            timeout: call_timeout.clamp(MIN_TIMEOUT, MAX_TIMEOUT),
            wake: Arc::default(),
            jobs: Jobs::default(),
            task: Mutex::default(),
        }
    }

    /// Starts the task on the current runtime, if there is one and the task does not run: it ended with its runtime, or
    /// the runtime is not driven any more.
    pub(super) fn start(&self, engine: &Arc<Engine>) {
        let now = clock::now();
        let mut running = self.running();
        if running
            .as_ref()
            .is_some_and(|Running { task, watchdog }| !task.is_finished() && !watchdog.is_stalled(now))
        {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let task = runtime.spawn(run(Arc::downgrade(engine), self.wake.clone()));
        if let Some(stalled) = running.replace(Running { task, watchdog: Watchdog::spawned(now) }) {
            // Its turn can be given up at any point: what it took out of a queue ends by itself.
            stalled.task.abort();
            engine.store.abandon_probe(now);
        }
    }

    pub(super) fn wake(&self) {
        self.report(Watchdog::woken);
        self.wake.notify_one();
    }

    fn report(&self, change: impl FnOnce(&mut Watchdog, Instant)) {
        if let Some(Running { watchdog, .. }) = &mut *self.running() {
            change(watchdog, clock::now());
        }
    }

    /// Queues `job`, and wakes the task.
    pub(super) fn push(&self, job: Job) {
        self.jobs.push(job);
        self.wake();
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(running) = self.running().take() {
            running.task.abort();
        }
    }
}

async fn run(engine: Weak<Engine>, wake: Arc<Notify>) {
    let mut summary = Summary::starting(clock::now());
    let mut pause = Duration::ZERO;
    loop {
        // A lost wake-up costs nothing: `Notify` keeps one, and the pause ends by itself.
        let _ = tokio::time::timeout(pause, wake.notified()).await;
        let Some(engine) = engine.upgrade() else { return };
        engine.worker.report(Watchdog::begin);
        engine.probe_backend().await;
        let delivered = engine.deliver_queued().await;
        let done = engine.run_jobs().await;
        summary.write_if_due(|| engine.stats(), clock::now());
        pause = engine.pause(delivered && done, summary.due());
        engine.worker.report(|watchdog, now| watchdog.end(now, pause));
    }
}

impl Engine {
    /// Makes sure that the worker runs; a cache that was built outside a runtime starts it at its first miss.
    pub(crate) fn ensure_worker(self: &Arc<Self>) {
        self.worker.start(self);
    }

    /// Delivers what is queued now, if the backend answers. Returns whether nothing is left.
    pub(crate) async fn flush_retry_queue(&self) -> bool {
        self.deliver_queued().await
    }

    fn pause(&self, delivered: bool, summary_due: Instant) -> Duration {
        let now = clock::now();
        let until_summary = summary_due.saturating_duration_since(now);
        match self.store.probe_in(now) {
            Some(until_probe) => until_probe.min(until_summary),
            None if delivered => until_summary,
            None => RETRY_INTERVAL.min(until_summary),
        }
    }

    async fn probe_backend(&self) {
        let timeout = self.worker.timeout;
        self.worker.report(|watchdog, now| watchdog.step(now, timeout));
        self.store.probe(timeout).await;
    }

    /// One operation of the worker's own.
    pub(super) fn background(&self, timeout: Duration) -> Call<'_> {
        self.worker.report(|watchdog, now| watchdog.step(now, timeout));
        self.store.background(timeout)
    }
}
