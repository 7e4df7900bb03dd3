//! `WarmUp`: loads what will be asked for, before it is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::{JoinHandle, JoinSet};

use super::Cache;
use crate::clock::{self, Millis, as_millis};
use crate::error::{Error, ErrorKind, Result};

/// How many keys are loaded at once.
const DEFAULT_CONCURRENCY: usize = 8;
const MAX_CONCURRENCY: usize = 1_024;
/// How long one load may take.
const DEFAULT_LOAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How many keys of one loader are loaded; the others are left out, and that is logged.
const DEFAULT_MAX_KEYS: usize = 10_000;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Load = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
/// A key's name for the log, and its load.
type Job = (String, Load);
type ListJobs =
    Box<dyn Fn(usize) -> Pin<Box<dyn Future<Output = Result<Jobs, BoxError>> + Send>> + Send + Sync>;

/// The loads of one loader, made one by one as there is room for them.
struct Jobs {
    listed: usize,
    jobs: Box<dyn Iterator<Item = Job> + Send>,
}

struct Loader {
    name: Box<str>,
    list: ListJobs,
}

/// Registered loaders, which fill a cache on demand: after a start, or when an operator asks for it.
///
/// Each loader lists keys, and loads one of them through an annotated function or
/// [`Cache::get_or_load`](crate::Cache::get_or_load); what is cached already costs one read. Cheap to clone; clones
/// are one warm-up, and one of them runs at a time. Dropping the last one cancels the run.
///
/// ```
/// use std::convert::Infallible;
///
/// use jollycache::{Cache, MemoryBackend, Policy, WarmUp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// let filled = cache.clone();
/// let warm_up = WarmUp::builder(&cache)
///     .loader(
///         "products",
///         || async { Ok::<_, Infallible>(vec![1, 2, 3]) },
///         move |id| {
///             let cache = filled.clone();
///             async move {
///                 let load = || async move { Ok::<_, Infallible>(format!("product {id}")) };
///                 cache.get_or_load(format!("product:{id}"), &Policy::new(), load).await
///             }
///         },
///     )
///     .build()?;
///
/// let progress = warm_up.run(&[]).await?;
/// assert_eq!((progress.total, progress.done, progress.failed), (3, 3, 0));
/// assert_eq!(cache.get("product:2").await?, Some("product 2".to_owned()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WarmUp {
    shared: Arc<Shared>,
    task: Arc<Task>,
}

/// What a run works on; it does not keep the run's owner alive.
struct Shared {
    cache: Cache,
    loaders: Vec<Loader>,
    concurrency: usize,
    load_timeout: Duration,
    max_keys: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    progress: WarmUpProgress,
    began: Option<Instant>,
}

/// The run in the background, aborted when nobody holds the warm-up any more.
#[derive(Default)]
struct Task(Mutex<Option<JoinHandle<()>>>);

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

/// How far a [`WarmUp`] is, or how far the last run came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WarmUpProgress {
    /// Whether a run is under way.
    pub running: bool,
    /// Whether the last run was cancelled before its end.
    pub cancelled: bool,
    /// How many keys the loaders have listed so far.
    pub total: u64,
    /// How many of them are loaded, or were cached already.
    pub done: u64,
    /// How many could not be loaded, or not be listed.
    pub failed: u64,
    /// For how long it runs or ran, in milliseconds.
    pub took_ms: u64,
    /// When the run began, in milliseconds since the Unix epoch; `None` before the first one.
    pub started_at_ms: Option<u64>,
    /// The loaders that take part, in the order in which they run.
    pub loaders: Vec<LoaderProgress>,
}

/// How far one loader of a [`WarmUp`] is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct LoaderProgress {
    /// Its name.
    pub name: String,
    /// How many keys it has listed.
    pub total: u64,
    /// How many of them are loaded, or were cached already.
    pub done: u64,
    /// How many could not be loaded; one more where it could not list its keys.
    pub failed: u64,
}

/// Builds a [`WarmUp`].
#[must_use]
pub struct WarmUpBuilder {
    cache: Cache,
    loaders: Vec<Loader>,
    concurrency: usize,
    load_timeout: Duration,
    max_keys: usize,
}

impl WarmUpBuilder {
    /// Adds a loader: `list` gives the keys that are worth loading, `load` loads one of them into the cache. A failure
    /// of either is counted and logged, and the rest goes on. Loaders run one after another, in this order.
    ///
    /// Keys are logged by their `Debug` form when their load fails.
    pub fn loader<K, V, L, LF, F, FF, LE, FE>(mut self, name: impl Into<String>, list: L, load: F) -> Self
    where
        L: Fn() -> LF + Send + Sync + 'static,
        LF: Future<Output = Result<Vec<K>, LE>> + Send + 'static,
        F: Fn(K) -> FF + Send + Sync + 'static,
        FF: Future<Output = Result<V, FE>> + Send + 'static,
        K: fmt::Debug + Send + 'static,
        LE: Into<BoxError>,
        FE: Into<BoxError>,
    {
        let load = Arc::new(load);
        let list: ListJobs = Box::new(move |most| {
            let (listing, load) = (list(), load.clone());
            Box::pin(async move {
                let keys = listing.await.map_err(Into::into)?;
                let jobs = keys.into_iter().take(most);
                Ok(Jobs { listed: jobs.len(), jobs: Box::new(jobs.map(move |key| job(&*load, key))) })
            })
        });
        self.loaders.push(Loader { name: name.into().into_boxed_str(), list });
        self
    }

    /// How many keys are loaded at once, from 1 to 1024. Default: 8.
    pub fn concurrency(mut self, loads: usize) -> Self {
        self.concurrency = loads;
        self
    }

    /// How long one load may take, and the listing of one loader's keys; what takes longer is dropped, and has failed.
    /// Default: 30 s.
    pub fn load_timeout(mut self, timeout: Duration) -> Self {
        self.load_timeout = timeout;
        self
    }

    /// How many keys of each loader are loaded at most. Default: 10,000.
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a number out of range, and for two loaders of one name.
    pub fn build(self) -> Result<WarmUp> {
        let wrong = |what: String| Err(Error::new(ErrorKind::Config, format!("warm-up: {what}")));
        if !(1..=MAX_CONCURRENCY).contains(&self.concurrency) {
            let found = self.concurrency;
            return wrong(format!("concurrency is {found}: expected 1 to {MAX_CONCURRENCY}"));
        }
        let mut names = std::collections::BTreeSet::new();
        if let Some(twice) = self.loaders.iter().find(|loader| !names.insert(&*loader.name)) {
            return wrong(format!("two loaders are called {:?}", twice.name));
        }
        let WarmUpBuilder { cache, loaders, concurrency, load_timeout, max_keys } = self;
        let shared = Shared { cache, loaders, concurrency, load_timeout, max_keys, state: Mutex::default() };
        Ok(WarmUp { shared: Arc::new(shared), task: Arc::default() })
    }
}

fn job<K, V, F, FF, E>(load: &F, key: K) -> Job
where
    F: Fn(K) -> FF,
    FF: Future<Output = Result<V, E>> + Send + 'static,
    K: fmt::Debug,
    E: Into<BoxError>,
{
    let name = format!("{key:?}");
    let loading = load(key);
    (name, Box::pin(async move { loading.await.map(drop).map_err(Into::into) }))
}

impl WarmUp {
    /// Starts a builder. Annotated functions that name no cache use this one while they are loaded.
    pub fn builder(cache: &Cache) -> WarmUpBuilder {
        WarmUpBuilder {
            cache: cache.clone(),
            loaders: Vec::new(),
            concurrency: DEFAULT_CONCURRENCY,
            load_timeout: DEFAULT_LOAD_TIMEOUT,
            max_keys: DEFAULT_MAX_KEYS,
        }
    }

    /// The names of the loaders.
    pub fn loaders(&self) -> impl Iterator<Item = &str> {
        self.shared.loaders.iter().map(|loader| &*loader.name)
    }

    /// How far it is, or how far the last run came.
    pub fn progress(&self) -> WarmUpProgress {
        let state = self.shared.lock();
        let mut progress = state.progress.clone();
        if let Some(began) = state.began {
            progress.took_ms = as_millis(clock::now().saturating_duration_since(began));
        }
        progress
    }

    /// Runs the named loaders, all for none named, and returns what came of it. If the future is dropped, the run is
    /// cancelled with all its loads.
    ///
    /// # Errors
    /// [`ErrorKind::Contended`] while another run is under way, [`ErrorKind::Config`] for a name that is no loader's.
    pub async fn run(&self, loaders: &[&str]) -> Result<WarmUpProgress> {
        let run = self.begin(loaders)?;
        run.finish().await;
        Ok(self.progress())
    }

    /// As [`WarmUp::run`], in a task of its own, which ends with the last clone of this warm-up or by
    /// [`WarmUp::cancel`].
    ///
    /// # Errors
    /// As [`WarmUp::run`]; [`ErrorKind::Config`] outside a tokio runtime, too.
    pub fn start(&self, loaders: &[&str]) -> Result<()> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| Error::new(ErrorKind::Config, "warm-up: no tokio runtime runs"))?;
        let run = self.begin(loaders)?;
        let task = runtime.spawn(run.finish());
        *self.task.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }

    /// Cancels the run that [`WarmUp::start`] began, if it is still under way.
    pub fn cancel(&self) {
        if let Some(task) = self.task.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    fn begin(&self, names: &[&str]) -> Result<Run> {
        let position = |name: &&str| {
            self.loaders().position(|loader| loader == *name).ok_or_else(|| {
                Error::new(ErrorKind::Config, format!("warm-up: there is no loader {name:?}"))
            })
        };
        let mut chosen = names.iter().map(position).collect::<Result<Vec<_>>>()?;
        chosen.sort_unstable();
        chosen.dedup();
        if names.is_empty() {
            chosen = (0..self.shared.loaders.len()).collect();
        }
        let mut state = self.shared.lock();
        if state.progress.running {
            return Err(Error::new(ErrorKind::Contended, "a warm-up is under way already"));
        }
        let named = |&at: &usize| LoaderProgress {
            name: self.shared.loaders[at].name.to_string(),
            ..LoaderProgress::default()
        };
        state.began = Some(clock::now());
        state.progress = WarmUpProgress {
            running: true,
            started_at_ms: Some(clock::now_ms()),
            loaders: chosen.iter().map(named).collect(),
            ..WarmUpProgress::default()
        };
        drop(state);
        tracing::info!(loaders = chosen.len(), "a warm-up begins");
        Ok(Run { shared: self.shared.clone(), chosen, ended: false })
    }
}

impl fmt::Debug for WarmUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaders: Vec<_> = self.loaders().collect();
        f.debug_struct("WarmUp").field("loaders", &loaders).finish_non_exhaustive()
    }
}

impl fmt::Debug for WarmUpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaders: Vec<_> = self.loaders.iter().map(|loader| &*loader.name).collect();
        f.debug_struct("WarmUpBuilder").field("loaders", &loaders).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One run. Whatever ends it, the warm-up can run again.
struct Run {
    shared: Arc<Shared>,
    chosen: Vec<usize>,
    ended: bool,
}

impl Run {
    async fn finish(mut self) {
        for (place, at) in self.chosen.iter().copied().enumerate() {
            self.run_loader(place, &self.shared.loaders[at]).await;
        }
        self.ended = true;
    }

    async fn run_loader(&self, place: usize, loader: &Loader) {
        // One more than is loaded, to know whether some are left out.
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
        // A task each: a load that panics is one that failed. The set aborts them when it is dropped.
        let mut loads = JoinSet::new();
        for (key, load) in jobs.take(self.shared.max_keys) {
            if loads.len() >= self.shared.concurrency {
                self.settle(place, loader, loads.join_next().await);
            }
            let (cache, limit) = (self.shared.cache.clone(), self.shared.load_timeout);
            loads.spawn(async move {
                let loaded = within(limit, super::scope_default(cache, load)).await;
                loaded.map_err(|error| (key, error))
            });
        }
        while let Some(load) = loads.join_next().await {
            self.settle(place, loader, Some(load));
        }
    }

    async fn bounded<T>(&self, future: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
        within(self.shared.load_timeout, future).await
    }

    fn settle(
        &self,
        place: usize,
        loader: &Loader,
        load: Option<Result<Result<(), (String, BoxError)>, tokio::task::JoinError>>,
    ) {
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
