//! `Run`: one run of a warm-up, from the lists of keys to the last load.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::{JoinError, JoinSet};

use super::progress::{LoaderProgress, WarmUpProgress};
use crate::cache::Cache;
use crate::cache::current::default_to;
use crate::clock::{self, as_millis};
use crate::error::Result;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Load = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
/// A key's name for the log, and its load.
pub(super) type Job = (String, Load);
pub(super) type ListJobs =
    Box<dyn Fn(usize) -> Pin<Box<dyn Future<Output = Result<Jobs, BoxError>> + Send>> + Send + Sync>;

/// The result of a load; a failure has its key.
type Loaded = Result<(), (String, BoxError)>;

/// The loads of one loader, created lazily so that at most `concurrency` exist.
pub(super) struct Jobs {
    pub(super) listed: usize,
    pub(super) jobs: Box<dyn Iterator<Item = Job> + Send>,
}

/// A named loader: its list of keys, each with its load.
pub(super) struct Loader {
    pub(super) name: Box<str>,
    pub(super) list: ListJobs,
}

/// State shared by a warm-up and its run. It holds no task handle, so a run does not keep its owner alive.
pub(super) struct Shared {
    pub(super) cache: Cache,
    pub(super) loaders: Vec<Loader>,
    pub(super) concurrency: usize,
    pub(super) load_timeout: Duration,
    pub(super) max_keys: usize,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) progress: WarmUpProgress,
    pub(super) began: Option<Instant>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One run. However it ends, dropping it permits the next one.
pub(super) struct Run {
    shared: Arc<Shared>,
    chosen: Vec<usize>,
    ended: bool,
}

impl Run {
    /// A run of these loaders, for which the progress already has entries.
    pub(super) fn new(shared: Arc<Shared>, chosen: Vec<usize>) -> Self {
        Run { shared, chosen, ended: false }
    }

    pub(super) async fn finish(mut self) {
        for (place, at) in self.chosen.iter().copied().enumerate() {
            self.run_loader(place, &self.shared.loaders[at]).await;
        }
        self.ended = true;
    }

    async fn run_loader(&self, place: usize, loader: &Loader) {
        // One more than is loaded, to detect that keys are skipped.
        let listing = (loader.list)(self.shared.max_keys.saturating_add(1));
        let Jobs { listed, jobs } = match self.bounded(listing).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(loader = ?loader.name, error = &*error, "a loader cannot list its keys");
                self.count(place, |progress| progress.failed += 1);
                return;
            }
        };
        if listed > self.shared.max_keys {
            let most = self.shared.max_keys;
            tracing::warn!(loader = ?loader.name, most, "a loader lists more keys than are loaded");
        }
        let total = listed.min(self.shared.max_keys) as u64;
        self.count(place, |progress| progress.total = total);
        // One task per load contains a panic. The set aborts its tasks when it is dropped.
        let mut loads = JoinSet::new();
        for (key, load) in jobs.take(self.shared.max_keys) {
            if loads.len() >= self.shared.concurrency {
                self.settle(place, loader, loads.join_next().await);
            }
            let (cache, limit) = (self.shared.cache.clone(), self.shared.load_timeout);
            loads.spawn(async move {
                let outcome = within(limit, default_to(cache, load)).await;
                outcome.map_err(|error| (key, error))
            });
        }
        while let Some(load) = loads.join_next().await {
            self.settle(place, loader, Some(load));
        }
    }

    async fn bounded<T>(&self, future: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
        within(self.shared.load_timeout, future).await
    }

    fn settle(&self, place: usize, loader: &Loader, load: Option<Result<Loaded, JoinError>>) {
        match load {
            Some(Ok(Ok(()))) => self.count(place, |progress| progress.done += 1),
            Some(Ok(Err((key, error)))) => {
                tracing::warn!(loader = ?loader.name, %key, error = &*error, "a key cannot be warmed up");
                self.count(place, |progress| progress.failed += 1);
            }
            Some(Err(panic)) => {
                tracing::warn!(loader = ?loader.name, %panic, "a load of a warm-up panicked");
                self.count(place, |progress| progress.failed += 1);
            }
            None => {}
        }
    }

    fn count(&self, place: usize, change: impl FnOnce(&mut LoaderProgress)) {
        let mut state = self.shared.lock();
        if let Some(loader) = state.progress.loaders.get_mut(place) {
            change(loader);
        }
        let sum = |of: fn(&LoaderProgress) -> u64| state.progress.loaders.iter().map(of).sum();
        let (total, done, failed) = (sum(|one| one.total), sum(|one| one.done), sum(|one| one.failed));
        (state.progress.total, state.progress.done, state.progress.failed) = (total, done, failed);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let took = state.began.take().map(|began| clock::now().saturating_duration_since(began));
        state.progress.took_ms = took.map_or(0, as_millis);
        state.progress.running = false;
        state.progress.cancelled = !self.ended;
        let WarmUpProgress { total, done, failed, took_ms, cancelled, .. } = state.progress;
        drop(state);
        tracing::info!(total, done, failed, took_ms, cancelled, "a warm-up ended");
    }
}

async fn within<T>(
    limit: Duration,
    future: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    let outcome = tokio::time::timeout(limit, future).await;
    outcome.unwrap_or_else(|_| Err(format!("not done within {limit:?}").into()))
}
