//! `Worker`: the task, its queue of jobs, and how it is started, woken and watched.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::jobs::{Job, Jobs};
use super::summary::Summary;
use super::turn::Turn;
use super::watchdog::Watchdog;
use crate::clock;
use crate::engine::Engine;
use crate::store::{Call, Store};

/// The bound on one of the worker's own operations, unless calls have a longer one: on a slow network, what calls wait
/// for would never be in time for the worker.
const MIN_TIMEOUT: Duration = Duration::from_millis(500);
/// The longest bound: while the worker waits for an answer that is lost, it does nothing else.
const MAX_TIMEOUT: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub(in crate::engine) struct Worker {
    /// The bound on one operation.
    pub(in crate::engine) timeout: Duration,
    pub(super) jobs: Jobs,
    wake: Arc<Notify>,
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
    pub(in crate::engine) fn new(call_timeout: Duration) -> Self {
        Worker {
            timeout: call_timeout.clamp(MIN_TIMEOUT, MAX_TIMEOUT),
            jobs: Jobs::default(),
            wake: Arc::default(),
            task: Mutex::default(),
        }
    }

    /// Starts the task on the current runtime, if there is one and the task does not run: it ended with its runtime, or
    /// the runtime is not driven any more.
    pub(in crate::engine) fn start(&self, engine: &Arc<Engine>) {
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

    pub(in crate::engine) fn wake(&self) {
        self.report(Watchdog::woken);
        self.wake.notify_one();
    }

    /// One operation of the worker's own in `store`, bound to `timeout`.
    pub(in crate::engine) fn call<'s>(&self, store: &'s Store, timeout: Duration) -> Call<'s> {
        self.report(|watchdog, now| watchdog.step(now, timeout));
        store.background(timeout)
    }

    pub(super) fn report(&self, change: impl FnOnce(&mut Watchdog, Instant)) {
        if let Some(Running { watchdog, .. }) = &mut *self.running() {
            change(watchdog, clock::now());
        }
    }

    /// Queues `job`, and wakes the task.
    pub(in crate::engine) fn push(&self, job: Job) {
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
        pause = Turn::new(&engine).run(&mut summary).await;
        engine.worker.report(|watchdog, now| watchdog.end(now, pause));
    }
}
