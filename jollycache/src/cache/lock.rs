//! `cache.lock(…)`: a lock over all processes that share a backend.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::Cache;
use crate::backend::LockAnswer;
use crate::clock;
use crate::engine::{Claim, Held};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;

/// How long a lock lives if nothing is said.
const DEFAULT_TTL: Duration = Duration::from_secs(30);
/// The longest life of a lock without an extension.
const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// The watchdog extends when this part of the lock's life is over…
const EXTEND_AFTER: u32 = 3;
/// …and tries again after this part, when the backend failed.
const RETRY_AFTER: u32 = 12;

impl Cache {
    #[doc = include_str!("../../docs/lock.md")]
    pub fn lock(&self, name: impl Into<Key>) -> LockBuilder {
        LockBuilder {
            cache: self.clone(),
            name: name.into(),
            ttl: DEFAULT_TTL,
            wait: Duration::ZERO,
            auto_extend: false,
        }
    }
}

/// What is asked for; see [`Cache::lock`].
#[derive(Debug, Clone)]
#[must_use = "nothing is locked before `acquire` is awaited"]
pub struct LockBuilder {
    cache: Cache,
    name: Key,
    ttl: Duration,
    wait: Duration,
    auto_extend: bool,
}

impl LockBuilder {
    /// How long the lock lives unless it is extended: the bound on how long others wait for an owner that died.
    /// From 1 ms to 24 h. Default: 30 s.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let guard = cache.lock("report").ttl(Duration::from_secs(5)).acquire().await?;
    /// assert!(guard.remaining() <= Some(Duration::from_secs(5)));
    /// # Ok(()) }
    /// ```
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How long to wait while somebody else has it. Default: zero, which tries once.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let guard = cache.lock("report").acquire().await?;
    /// let next = cache.lock("report").wait(Duration::from_secs(1)).acquire();
    /// let (released, next) = tokio::join!(guard.release(), next);
    /// assert!(released? && next.is_ok());
    /// # Ok(()) }
    /// ```
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Whether a task extends the lock, to its whole `ttl`, each time a third of it has passed, until the guard is
    /// dropped or the lock is lost. Default: `false`.
    ///
    /// An owner that hangs then holds the lock for as long as its process lives.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let guard = cache.lock("migration").ttl(Duration::from_secs(5)).auto_extend(true).acquire().await?;
    /// // … work of unknown length …
    /// assert!(guard.release().await?);
    /// # Ok(()) }
    /// ```
    pub fn auto_extend(mut self, auto_extend: bool) -> Self {
        self.auto_extend = auto_extend;
        self
    }

    /// Takes the lock. While it waits it asks nothing: it is told of the release, and knows when the owner's time is
    /// up. Who waited longest has no right to be next.
    ///
    /// Cancel safe: a lock that was just being taken is given back in the background, or ends by itself.
    ///
    /// ```
    /// # use jollycache::{Cache, ErrorKind, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let guard = cache.lock("report").acquire().await?;
    /// let refused = cache.lock("report").acquire().await.unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::Contended);
    /// # drop(guard);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::Contended`] when others had it for all of `wait`;
    /// - [`ErrorKind::Config`] for a `ttl` out of range;
    /// - [`ErrorKind::Lost`] when the answer came so late that the lock had ended;
    /// - when the backend fails: without it nothing is locked.
    pub async fn acquire(self) -> Result<LockGuard> {
        check_ttl(self.ttl)?;
        let started = clock::now();
        let claim = Claim::new(&self.cache.engine, &self.name);
        let mut watch = None;
        loop {
            let asked = clock::now();
            let remaining = match claim.ask(self.ttl).await? {
                LockAnswer::Locked { fence } => {
                    return LockGuard::new(Held::new(claim, fence, asked, self.ttl), &self);
                }
                LockAnswer::Held { remaining } => remaining,
            };
            let left = self.wait.saturating_sub(clock::now().saturating_duration_since(started));
            if left.is_zero() {
                let why = format!("the lock {} is held by somebody else", claim.name());
                return Err(Error::new(ErrorKind::Contended, why));
            }
            match &mut watch {
                // News may have come before the watch began, so the lock is asked for once more before waiting.
                None => watch = Some(claim.watch().await?),
                // A lost message costs the rest of the owner's time, no more.
                Some(watch) => drop(tokio::time::timeout(remaining.min(left), watch.changed()).await),
            }
        }
    }
}

/// A lock that is held; see [`Cache::lock`]. Dropping it gives the lock back in the background; where that fails, the
/// lock ends by itself.
#[must_use = "dropping the guard gives the lock back"]
pub struct LockGuard {
    held: Arc<Held>,
    watchdog: Option<Watchdog>,
}

impl LockGuard {
    fn new(held: Held, asked: &LockBuilder) -> Result<Self> {
        if held.remaining().is_none() {
            let why =
                format!("the answer for the lock {} came after its ttl of {:?}", held.name(), asked.ttl);
            return Err(Error::new(ErrorKind::Lost, why));
        }
        let held = Arc::new(held);
        let watchdog = asked.auto_extend.then(|| Watchdog::over(&held, asked.ttl));
        Ok(LockGuard { held, watchdog })
    }

    /// The fencing token: greater than that of every owner of this lock before. Hand it to the resource with each
    /// write, and let the resource refuse what comes with a smaller one than it has seen.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let first = cache.lock("report").acquire().await?;
    /// let fence = first.fence();
    /// first.release().await?;
    /// assert!(cache.lock("report").acquire().await?.fence() > fence);
    /// # Ok(()) }
    /// ```
    pub fn fence(&self) -> u64 {
        self.held.fence()
    }

    /// How long the lock is held at least, by this process's clock; `None` when it is lost.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let guard = cache.lock("report").ttl(Duration::from_secs(5)).acquire().await?;
    /// let enough = guard.remaining() > Some(Duration::from_secs(1));
    /// assert!(enough, "else do not begin the next step");
    /// # Ok(()) }
    /// ```
    pub fn remaining(&self) -> Option<Duration> {
        self.held.remaining()
    }

    /// Whether the lock is known or presumed to be lost. `false` promises nothing: the process may sleep right after
    /// it was said.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let guard = cache.lock("report").acquire().await?;
    /// assert!(!guard.is_lost());
    /// # Ok(()) }
    /// ```
    pub fn is_lost(&self) -> bool {
        self.held.remaining().is_none()
    }

    /// Resolves when the lock is known or presumed to be lost: its time is up, or an extension found it gone. Not
    /// every loss is seen at once; without extensions nobody asks the backend. A warning is logged. Cancel safe.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # async fn work() {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let guard = cache.lock("report").auto_extend(true).acquire().await?;
    /// tokio::select! {
    ///     () = work() => {}
    ///     () = guard.lost() => eprintln!("somebody else may be at it: gave up"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn lost(&self) {
        self.held.lost().await;
    }

    /// Lets the lock end `ttl` from now, earlier or later than it would have.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let guard = cache.lock("report").ttl(Duration::from_secs(5)).acquire().await?;
    /// guard.extend(Duration::from_secs(60)).await?;
    /// assert!(guard.remaining() > Some(Duration::from_secs(5)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Lost`] when it is not held any more, [`ErrorKind::Config`] for a `ttl` out of range, and when the
    /// backend fails. After a failure, and when the future is dropped, the earlier of both ends counts.
    pub async fn extend(&self, ttl: Duration) -> Result<()> {
        check_ttl(ttl)?;
        self.held.extend(ttl).await
    }

    /// Gives the lock back, if it is still this guard's, and wakes those who wait. Returns `false` when it was lost
    /// before: others may have had it meanwhile.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let guard = cache.lock("report").acquire().await?;
    /// assert!(guard.release().await?);
    /// assert!(cache.lock("report").acquire().await.is_ok());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails. The lock is given back in the background then, and when the future is dropped.
    pub async fn release(mut self) -> Result<bool> {
        self.watchdog = None;
        self.held.release().await
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("name", self.held.name())
            .field("fence", &self.fence())
            .finish_non_exhaustive()
    }
}

fn check_ttl(ttl: Duration) -> Result<()> {
    if (Duration::from_millis(1)..=MAX_TTL).contains(&ttl) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, format!("a lock's ttl of {ttl:?}: expected 1 ms to 24 h")))
}

/// The task that extends a lock; it ends with its guard.
struct Watchdog(JoinHandle<()>);

impl Watchdog {
    fn over(held: &Arc<Held>, ttl: Duration) -> Self {
        Watchdog(tokio::spawn(watch_over(Arc::downgrade(held), ttl)))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Holds the lock itself only while it works, so that dropping the guard gives it back.
async fn watch_over(held: Weak<Held>, ttl: Duration) {
    let mut pause = ttl / EXTEND_AFTER;
    loop {
        clock::sleep(pause).await;
        let Some(held) = held.upgrade() else { return };
        pause = match held.extend(ttl).await {
            Ok(()) => ttl / EXTEND_AFTER,
            Err(error) if error.kind() == ErrorKind::Lost => return,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(lock = %held.name(), error, "could not extend a lock");
                ttl / RETRY_AFTER
            }
        };
    }
}
