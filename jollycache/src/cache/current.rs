//! The cache of annotated calls in the current task, and the mode in which they use it.

use std::future::Future;
use std::sync::Once;

use once_cell::sync::OnceCell;

use super::Cache;
use crate::error::{Error, ErrorKind, Result};

static INSTALLED: OnceCell<Cache> = OnceCell::new();
static WARNED: Once = Once::new();

tokio::task_local! {
    static SCOPE: Cache;
    static DEFAULT: Cache;
    static MODE: Mode;
}

/// How annotated calls use the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Use it.
    Normal,
    /// Neither read nor fill it.
    Bypass,
    /// Load, and replace what it holds.
    Refresh,
}

/// Sets the process-wide cache of annotated functions, for calls without `with = …` and outside of a [`scope`].
///
/// ```
/// # use jollycache::{Cache, MemoryBackend};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
/// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
/// jollycache::install(cache.clone())?;
/// let error = jollycache::install(cache).unwrap_err();
/// assert_eq!(error.kind(), jollycache::ErrorKind::AlreadyInstalled);
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`ErrorKind::AlreadyInstalled`] on the second call: running functions must not change their cache.
pub fn install(cache: Cache) -> Result<()> {
    INSTALLED
        .set(cache)
        .map_err(|_| Error::new(ErrorKind::AlreadyInstalled, "a process-wide cache is installed already"))
}

/// Runs `future` with `cache` as the cache of all annotated calls in it; it overrides the installed one and `with`.
///
/// For tests. Applies to the current task, not to tasks that it spawns. Dropping the returned future drops `future`.
///
/// ```
/// # use jollycache::{Cache, MemoryBackend};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("test").backend(MemoryBackend::new()).build()?;
/// let answer = jollycache::scope(cache.clone(), async { 42 }).await;
/// assert_eq!(answer, 42);
/// # Ok(())
/// # }
/// ```
pub async fn scope<F: Future>(cache: Cache, future: F) -> F::Output {
    SCOPE.scope(cache, future).await
}

/// Runs `future` with `cache` as the one of annotated calls in it that name none, before what is installed.
pub(crate) async fn default_to<F: Future>(cache: Cache, future: F) -> F::Output {
    DEFAULT.scope(cache, future).await
}

/// Runs `future` with all cached reads in it uncached: each loads, and stores nothing.
///
/// `#[cache_put]` and `#[cache_evict]` still evict, since other callers read what they write through the cache.
/// It is the way to call the original of an annotated function or trait method. Applies to the current task, not to tasks
/// that it spawns.
///
/// ```
/// # use jollycache::{Cache, MemoryBackend, Policy};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
/// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
/// let load = |number: i32| async move { Ok::<_, std::io::Error>(number) };
/// cache.get_or_load("answer", &Policy::new(), || load(41)).await.unwrap();
/// let policy = Policy::new();
/// let fresh = jollycache::bypass(cache.get_or_load("answer", &policy, || load(42))).await.unwrap();
/// assert_eq!((fresh, cache.get("answer").await?), (42, Some(41)));
/// # Ok(()) }
/// ```
pub async fn bypass<F: Future>(future: F) -> F::Output {
    MODE.scope(Mode::Bypass, future).await
}

/// Runs `future` with all cached reads in it refreshed: each loads, and replaces the cached value.
///
/// Applies to the current task, not to tasks that it spawns.
///
/// ```
/// # use jollycache::{Cache, MemoryBackend, Policy};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
/// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
/// let load = |number: i32| async move { Ok::<_, std::io::Error>(number) };
/// cache.get_or_load("answer", &Policy::new(), || load(41)).await.unwrap();
/// let policy = Policy::new();
/// let fresh = jollycache::refresh(cache.get_or_load("answer", &policy, || load(42))).await.unwrap();
/// assert_eq!((fresh, cache.get("answer").await?), (42, Some(42)));
/// # Ok(()) }
/// ```
pub async fn refresh<F: Future>(future: F) -> F::Output {
    MODE.scope(Mode::Refresh, future).await
}

/// The cache of an annotated call: the scope's, the one named by `with`, that of a warm-up, the installed one.
pub(crate) fn resolve(with: Option<Cache>) -> Option<Cache> {
    let default = || DEFAULT.try_with(Cache::clone).ok().or_else(|| INSTALLED.get().cloned());
    let cache = SCOPE.try_with(Cache::clone).ok().or(with).or_else(default);
    if cache.is_none() {
        WARNED.call_once(|| {
            tracing::warn!(
                "no cache is installed: annotated functions run uncached; call `jollycache::install`"
            );
        });
    }
    cache
}

/// How annotated calls of this task use the cache.
pub(crate) fn mode() -> Mode {
    MODE.try_with(|mode| *mode).unwrap_or(Mode::Normal)
}
