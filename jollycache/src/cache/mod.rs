//! `Cache`: the public handle, with one file for each group of operations.

mod audit;
mod builder;
mod codec;
mod current;
mod events;
mod hooks;
mod invalidation;
mod invalidator;
mod key_value;
mod lock;
mod payload;
mod read;
mod read_many;
mod read_through;
mod return_kind;
mod scan;
mod status;
mod warm_up;
mod write;
mod write_guard;
mod write_through;

use std::sync::Arc;

pub use self::audit::Audit;
pub use self::builder::CacheBuilder;
pub(crate) use self::current::{Mode, mode, resolve};
pub use self::current::{bypass, install, refresh, scope};
pub use self::events::{Events, Notice};
pub use self::hooks::Sharing;
pub(crate) use self::hooks::{ByValue, Hooks};
pub use self::invalidation::Invalidation;
pub use self::invalidator::{Invalidator, InvalidatorBuilder};
pub use self::lock::{LockBuilder, LockGuard};
pub(crate) use self::read_through::ReadThrough;
pub use self::return_kind::{
    Fallible, HoldsError, HoldsOption, Nested, Optional, OptionalResult, Plain, ReturnKind, View,
};
pub use self::scan::KeyPage;
pub use self::warm_up::{LoaderProgress, WarmUp, WarmUpBuilder, WarmUpProgress};
pub use self::write_guard::WriteGuard;
pub(crate) use self::write_through::{WriteThrough, Written};

use crate::engine::Engine;
use crate::tracker::Stats;

/// A cache: a backend, a namespace, and the policies of its regions. Cheap to clone; clones share everything.
///
/// # Runtimes
/// A background task probes a lost backend, delivers queued evictions and releases the leases of cancelled calls. It runs on
/// the tokio runtime on which the cache was built, or on which it first missed. When that runtime has shut down, or is a
/// current-thread runtime that is no longer driven, the task restarts on the runtime of the next miss or write: at once, or
/// when it is a second overdue. The tasks behind [`Cache::events`], registered audits and the connections of a
/// `RedisBackend` do not move: after their runtime shut down, calls run uncached and evictions stay queued. So connect, and
/// build the cache, on the runtime that lives longest.
///
/// ```
/// use std::time::Duration;
///
/// use jollycache::{Cache, MemoryBackend, Policy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// let policy = Policy::new().ttl(Duration::from_secs(30 * 60));
/// let load = || async { Ok::<_, std::io::Error>("loaded".to_owned()) };
/// let first = cache.get_or_load("product:42", &policy, load).await.expect("the load cannot fail");
/// assert_eq!(first, "loaded");
/// assert_eq!(cache.get("product:42").await?, Some("loaded".to_owned()));
///
/// cache.evict("product:42").await?;
/// assert_eq!(cache.get::<String>("product:42").await?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Cache {
    pub(crate) engine: Arc<Engine>,
}

impl Cache {
    /// Returns a builder; a namespace and a backend are required.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
    /// assert_eq!(cache.namespace(), "shop:dev");
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }

    /// The counters of the cache since it was built.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.get::<String>("product:42").await?;
    /// assert_eq!(cache.stats().total.misses, 1);
    /// assert_eq!(cache.stats().regions["default"].hits, 0);
    /// # Ok(()) }
    /// ```
    pub fn stats(&self) -> Stats {
        self.engine.stats()
    }

    /// The namespace that all keys of this cache share.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// assert_eq!(cache.namespace(), "doc");
    /// # Ok(()) }
    /// ```
    pub fn namespace(&self) -> &str {
        self.engine.namespace().as_str()
    }

    /// The backend's name, such as `memory` or `redis`.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// assert_eq!(cache.backend_name(), "memory");
    /// # Ok(()) }
    /// ```
    pub fn backend_name(&self) -> &'static str {
        self.engine.store.backend_name()
    }

    /// Delivers queued evictions and sends queued events, with one attempt. Returns whether no eviction is left.
    ///
    /// Call it before the process exits: evictions that are still queued then are lost. The cache remains usable.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// if !cache.close().await {
    ///     eprintln!("{} evictions are lost", cache.stats().pending_invalidations);
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn close(&self) -> bool {
        let nothing_left = self.engine.flush_retry_queue().await;
        self.engine.flush_events().await;
        nothing_left
    }
}
