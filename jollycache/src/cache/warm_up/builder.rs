//! `WarmUpBuilder`: loaders and limits, and their checks.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::WarmUp;
use super::run::{BoxError, Job, Jobs, ListJobs, Loader, Shared};
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};

/// Concurrent loads.
const DEFAULT_CONCURRENCY: usize = 8;
const MAX_CONCURRENCY: usize = 1_024;
/// Maximum time of one load.
const DEFAULT_LOAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum number of keys of one loader; further ones are skipped, with a warning.
const DEFAULT_MAX_KEYS: usize = 10_000;

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
    pub(super) fn new(cache: Cache) -> Self {
        WarmUpBuilder {
            cache,
            loaders: Vec::new(),
            concurrency: DEFAULT_CONCURRENCY,
            load_timeout: DEFAULT_LOAD_TIMEOUT,
            max_keys: DEFAULT_MAX_KEYS,
        }
    }

    /// Adds a loader: `list` returns the keys to load, `load` loads one of them into the cache. A failure of either is counted
    /// and logged, and does not stop the run. Loaders run one after another, in the order in which they were added.
    ///
    /// A key whose load fails is logged by its `Debug` form.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let warm_up = WarmUp::builder(&cache).loader("products", ids, load).loader("prices", ids, load).build()?;
    /// assert_eq!(warm_up.run(&[]).await?.done, 6);
    /// # Ok(()) }
    /// ```
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

    /// Maximum number of concurrent loads, from 1 to 1024. Default: 8.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let warm_up = WarmUp::builder(&cache).loader("products", ids, load).concurrency(32).build()?;
    /// # Ok(()) }
    /// ```
    pub fn concurrency(mut self, loads: usize) -> Self {
        self.concurrency = loads;
        self
    }

    /// Maximum time of one load, and of listing one loader's keys. What takes longer is dropped and counted as failed.
    /// Default: 30 s.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let builder = WarmUp::builder(&cache).loader("products", ids, load);
    /// let warm_up = builder.load_timeout(Duration::from_secs(5)).build()?;
    /// # Ok(()) }
    /// ```
    pub fn load_timeout(mut self, timeout: Duration) -> Self {
        self.load_timeout = timeout;
        self
    }

    /// Maximum number of keys of each loader; further ones are skipped, with a warning. Default: 10,000.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let warm_up = WarmUp::builder(&cache).loader("products", ids, load).max_keys(2).build()?;
    /// assert_eq!(warm_up.run(&[]).await?.done, 2);
    /// # Ok(()) }
    /// ```
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// Checks the settings and builds the warm-up.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let twice = WarmUp::builder(&cache).loader("products", ids, load).loader("products", ids, load);
    /// assert!(twice.build().is_err());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a number out of range, or two loaders of one name.
    pub fn build(self) -> Result<WarmUp> {
        let wrong = |what: String| Err(Error::new(ErrorKind::Config, format!("warm-up: {what}")));
        if !(1..=MAX_CONCURRENCY).contains(&self.concurrency) {
            let found = self.concurrency;
            return wrong(format!("concurrency is {found}: expected 1 to {MAX_CONCURRENCY}"));
        }
        let mut names = BTreeSet::new();
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

impl fmt::Debug for WarmUpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaders: Vec<_> = self.loaders.iter().map(|loader| &*loader.name).collect();
        f.debug_struct("WarmUpBuilder").field("loaders", &loaders).finish_non_exhaustive()
    }
}
