//! `WarmUp`: loads values before they are requested.

mod builder;
mod progress;
mod run;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

pub use self::builder::WarmUpBuilder;
pub use self::progress::{LoaderProgress, WarmUpProgress};
use self::run::{Run, Shared};
use super::Cache;
use crate::clock::{self, as_millis};
use crate::error::{Error, ErrorKind, Result};

/// A set of loaders that fill a cache on demand: after a start, or on an operator's request.
///
/// Each loader lists keys, and loads one of them through an annotated function or
/// [`Cache::get_or_load`](crate::Cache::get_or_load); a value that is cached already costs one read. Cheap to clone; clones
/// share one run at a time. Dropping the last clone cancels the run.
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

/// The background run, aborted with the last clone of the warm-up.
#[derive(Default)]
struct Task(Mutex<Option<JoinHandle<()>>>);

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl WarmUp {
    /// Returns a builder. Annotated functions without `with` use `cache` inside the loaders.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let warm_up = WarmUp::builder(&cache).loader("products", ids, load).build()?;
    /// # Ok(()) }
    /// ```
    pub fn builder(cache: &Cache) -> WarmUpBuilder {
        WarmUpBuilder::new(cache.clone())
    }

    /// The names of the loaders.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let warm_up = WarmUp::builder(&cache).loader("products", ids, load).build()?;
    /// assert_eq!(warm_up.loaders().collect::<Vec<_>>(), ["products"]);
    /// # Ok(()) }
    /// ```
    pub fn loaders(&self) -> impl Iterator<Item = &str> {
        self.shared.loaders.iter().map(|loader| &*loader.name)
    }

    /// The progress of the current run, or of the last one.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let warm_up = WarmUp::builder(&cache).loader("products", ids, load).build()?;
    /// assert_eq!(warm_up.progress().started_at_ms, None);
    /// warm_up.run(&[]).await?;
    /// assert_eq!(warm_up.progress().done, 3);
    /// # Ok(()) }
    /// ```
    pub fn progress(&self) -> WarmUpProgress {
        let state = self.shared.lock();
        let mut progress = state.progress.clone();
        if let Some(began) = state.began {
            progress.took_ms = as_millis(clock::now().saturating_duration_since(began));
        }
        progress
    }

    /// Runs the named loaders, or all of them for an empty slice, and returns the final progress.
    ///
    /// If the future is dropped, the run and its loads are cancelled.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let builder = WarmUp::builder(&cache).loader("products", ids, load).loader("prices", ids, load);
    /// let warm_up = builder.build()?;
    /// assert_eq!(warm_up.run(&["prices"]).await?.total, 3);
    /// assert_eq!(warm_up.run(&[]).await?.total, 6);
    /// assert!(warm_up.run(&["orders"]).await.is_err());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Contended`] during another run, [`ErrorKind::Config`] for an unknown loader.
    pub async fn run(&self, loaders: &[&str]) -> Result<WarmUpProgress> {
        let run = self.begin(loaders)?;
        run.finish().await;
        Ok(self.progress())
    }

    /// As [`WarmUp::run`], in a background task. Dropping the last clone of this warm-up, or [`WarmUp::cancel`], aborts it.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let warm_up = WarmUp::builder(&cache).loader("products", ids, load).build()?;
    /// warm_up.start(&[])?;
    /// assert!(warm_up.progress().running);
    /// while warm_up.progress().running {
    ///     tokio::task::yield_now().await;
    /// }
    /// assert_eq!(warm_up.progress().done, 3);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`WarmUp::run`], and [`ErrorKind::Config`] outside of a tokio runtime.
    pub fn start(&self, loaders: &[&str]) -> Result<()> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| Error::new(ErrorKind::Config, "warm-up: no tokio runtime runs"))?;
        let run = self.begin(loaders)?;
        let task = runtime.spawn(run.finish());
        *self.task.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }

    /// Cancels the run that [`WarmUp::start`] began, if it has not ended.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, WarmUp};
    /// # use std::convert::Infallible;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let ids = || async { Ok::<_, Infallible>(vec![1, 2, 3]) };
    /// let load = |id: u32| async move { Ok::<_, Infallible>(id) };
    /// let warm_up = WarmUp::builder(&cache).loader("products", ids, load).build()?;
    /// warm_up.start(&[])?;
    /// warm_up.cancel();
    /// while warm_up.progress().running {
    ///     tokio::task::yield_now().await;
    /// }
    /// assert!(warm_up.progress().cancelled);
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self) {
        if let Some(task) = self.task.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    fn begin(&self, names: &[&str]) -> Result<Run> {
        let position = |name: &&str| {
            self.loaders()
                .position(|loader| loader == *name)
                .ok_or_else(|| Error::new(ErrorKind::Config, format!("warm-up: there is no loader {name:?}")))
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
        let unstarted = |&at: &usize| LoaderProgress {
            name: self.shared.loaders[at].name.to_string(),
            ..LoaderProgress::default()
        };
        state.began = Some(clock::now());
        state.progress = WarmUpProgress {
            running: true,
            started_at_ms: Some(clock::now_ms()),
            loaders: chosen.iter().map(unstarted).collect(),
            ..WarmUpProgress::default()
        };
        drop(state);
        tracing::info!(loaders = chosen.len(), "a warm-up begins");
        Ok(Run::new(self.shared.clone(), chosen))
    }
}

impl fmt::Debug for WarmUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaders: Vec<_> = self.loaders().collect();
        f.debug_struct("WarmUp").field("loaders", &loaders).finish_non_exhaustive()
    }
}
