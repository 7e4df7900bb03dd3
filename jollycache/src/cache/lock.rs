//! `Cache::lock`: a mutual exclusion between all processes that share a backend.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::Cache;
use crate::backend::LockAnswer;
use crate::clock;
use crate::engine::{HeldLock, LockClaim};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;

/// The `ttl` of a lock that sets none.
const DEFAULT_TTL: Duration = Duration::from_secs(30);
/// Upper bound of a lock's `ttl`.
const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// The watchdog extends after this fraction (1/n) of the `ttl`…
const EXTEND_AFTER: u32 = 3;
/// …and retries after this fraction when the backend failed.
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

/// The settings of a lock; see [`Cache::lock`].
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
    /// Lifetime of the lock unless it is extended, from 1 ms to 24 h. It bounds how long others wait for a crashed owner.
    /// Default: 30 s.
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

    /// Maximum time to wait for another owner. Default: zero, a single attempt.
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

    /// Whether a background task (the *watchdog*) extends the lock to its whole `ttl` after each third of it, until the guard
    /// is dropped or the lock is lost. Default: `false`.
    ///
    /// With it, an owner that hangs keeps the lock for as long as its process lives.
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

    /// Acquires the lock. Waiting does not poll: it ends with the release's notification, or when the owner's `ttl` ends.
    /// Waiters have no order.
    ///
    /// Cancel safe: a lock that was being acquired is released in the background, or expires.
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
    /// - [`ErrorKind::Contended`] when another owner held it for all of `wait`;
    /// - [`ErrorKind::Config`] for a `ttl` out of range;
    /// - [`ErrorKind::Lost`] when the answer arrived after the lock had expired;
    /// - the backend's error when it fails: there is no lock without a backend.
    pub async fn acquire(self) -> Result<LockGuard> {
        check_ttl(self.ttl)?;
        let started = clock::now();
        let claim = LockClaim::new(&self.cache.engine, &self.name);
        let mut watch = None;
        loop {
            let requested = clock::now();
            let remaining = match claim.request(self.ttl).await? {
                LockAnswer::Locked { fence } => {
                    return LockGuard::new(HeldLock::new(claim, fence, requested, self.ttl), &self);
                }
                LockAnswer::Held { remaining } => remaining,
            };
            let left = self.wait.saturating_sub(clock::now().saturating_duration_since(started));
            if left.is_zero() {
                let why = format!("the lock {} is held by another owner", claim.name());
                return Err(Error::new(ErrorKind::Contended, why));
            }
            match &mut watch {
                // A release before the watch began sends no notification, so try once more before waiting.
                None => watch = Some(claim.watch().await?),
                // After a lost notification the wait ends with the owner's `ttl`.
                Some(watch) => drop(tokio::time::timeout(remaining.min(left), watch.changed()).await),
            }
        }
    }
}

/// A lock that is held; see [`Cache::lock`]. Dropping the guard releases the lock in the background; if that fails, the
/// lock expires with its `ttl`.
#[must_use = "dropping the guard releases the lock"]
pub struct LockGuard {
    held: Arc<HeldLock>,
    watchdog: Option<Watchdog>,
}

impl LockGuard {
    fn new(held: HeldLock, builder: &LockBuilder) -> Result<Self> {
        if held.remaining().is_none() {
            let why =
                format!("the answer for the lock {} came after its ttl of {:?}", held.name(), builder.ttl);
            return Err(Error::new(ErrorKind::Lost, why));
        }
        let held = Arc::new(held);
        let watchdog = builder.auto_extend.then(|| Watchdog::over(&held, builder.ttl));
        Ok(LockGuard { held, watchdog })
    }

    /// The fencing token: greater than that of every earlier owner of this lock. Send it to the resource with each write,
    /// and make the resource refuse a token smaller than the greatest it has seen.
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

    /// The remaining time for which the lock is held, by this process's clock; `None` when it is lost.
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

    /// Whether the lock is known or presumed to be lost. `false` is no guarantee: the process may be paused right after the
    /// check.
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

    /// Resolves when the lock is known or presumed to be lost: its `ttl` has ended, or an extension did not find it. A loss
    /// on the server is detected only by an extension. Logs a warning. Cancel safe.
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
    ///     () = guard.lost() => eprintln!("another owner may have begun: gave up"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn lost(&self) {
        self.held.lost().await;
    }

    /// Sets the lock's end to `ttl` from now, earlier or later than before.
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
    /// [`ErrorKind::Lost`] when the lock is not held any more, [`ErrorKind::Config`] for a `ttl` out of range, and the
    /// backend's error when it fails. After a failure, and when the future is dropped, the guard assumes the earlier of both
    /// ends.
    pub async fn extend(&self, ttl: Duration) -> Result<()> {
        check_ttl(ttl)?;
        self.held.extend(ttl).await
    }

    /// Releases the lock and wakes all waiters. Returns `false` when the lock was lost before: another owner may have held it
    /// meanwhile.
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
    /// When the backend fails. The lock is then released in the background, as it is when the future is dropped.
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

/// The task that extends a lock. Aborted when its guard is dropped.
struct Watchdog(JoinHandle<()>);

impl Watchdog {
    fn over(held: &Arc<HeldLock>, ttl: Duration) -> Self {
        Watchdog(tokio::spawn(watch_over(Arc::downgrade(held), ttl)))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Upgrades the reference only while it extends, so that dropping the guard releases the lock.
async fn watch_over(held: Weak<HeldLock>, ttl: Duration) {
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
