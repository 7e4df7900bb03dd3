//! The key-value operations: values by key, their lifetimes, counters.

use std::time::Duration;

use super::Cache;
use crate::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::policy::Policy;

/// Values stored concurrently: enough to fill a pipeline, and a bound on the futures of one task.
const SETS_AT_ONCE: usize = 256;

impl Cache {
    /// Stores a value for `ttl`; [`Cache::put`] has more options.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.set("greeting", &"hello".to_owned(), Duration::from_secs(60)).await?;
    /// assert_eq!(cache.get("greeting").await?, Some("hello".to_owned()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::put`].
    pub async fn set<V: Value>(&self, key: impl Into<Key>, value: &V, ttl: Duration) -> Result<()> {
        self.put(key, value, &Policy::new().ttl(ttl)).await
    }

    /// Stores many values for `ttl`, 256 concurrently. Not atomic: each is stored or not by itself.
    ///
    /// ```
    /// # use jollycache::{Cache, Key, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let prices = [(Key::from("price:1"), 990), (Key::from("price:2"), 1490)];
    /// cache.set_many(&prices, Duration::from_secs(60)).await?;
    /// assert_eq!(cache.get("price:2").await?, Some(1490));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The first error, after all have been attempted.
    pub async fn set_many<V: Value>(&self, values: &[(Key, V)], ttl: Duration) -> Result<()> {
        let mut outcome = Ok(());
        for part in values.chunks(SETS_AT_ONCE) {
            let sets = part.iter().map(|(key, value)| self.set(key, value, ttl));
            for stored in futures_util::future::join_all(sets).await {
                outcome = outcome.and(stored);
            }
        }
        outcome
    }

    /// Deletes a value; an alias of [`Cache::evict`].
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.set("greeting", &1, Duration::from_secs(60)).await?;
    /// assert!(cache.delete("greeting").await?);
    /// assert!(!cache.delete("greeting").await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::evict`].
    pub async fn delete(&self, key: impl Into<Key>) -> Result<bool> {
        self.evict(key).await
    }

    /// Whether a value is stored, of any type. Its tags are not checked: an entry whose tag was evicted may still exist.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.set("greeting", &1, Duration::from_secs(60)).await?;
    /// assert!(cache.exists("greeting").await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn exists(&self, key: impl Into<Key>) -> Result<bool> {
        Ok(self.ttl(key).await?.is_some())
    }

    /// The remaining lifetime of a value, including its stale window; `None` where no value is stored.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.set("greeting", &1, Duration::from_secs(60)).await?;
    /// assert!(cache.ttl("greeting").await? <= Some(Duration::from_secs(60)));
    /// assert_eq!(cache.ttl("farewell").await?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn ttl(&self, key: impl Into<Key>) -> Result<Option<Duration>> {
        let key = self.engine.namespace().key(&key.into());
        self.engine.call()?.ttl(&key).await
    }

    /// Sets the lifetime of a value from now, and removes its stale window. Returns whether there was a value.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.set("greeting", &1, Duration::from_secs(60)).await?;
    /// assert!(cache.expire("greeting", Duration::from_secs(5)).await?);
    /// assert!(cache.ttl("greeting").await? <= Some(Duration::from_secs(5)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn expire(&self, key: impl Into<Key>, ttl: Duration) -> Result<bool> {
        let key = self.engine.namespace().key(&key.into());
        let region = self.engine.default_region();
        self.engine.lifetimes(region, self.timeout()).expire(&key, ttl.max(Duration::from_millis(1))).await
    }

    /// Adds to a counter, which starts at zero, and returns the sum. Counters and values have separate key spaces: both may
    /// use one key, and `get` does not read a counter; `increment(key, 0)` does.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// assert_eq!(cache.increment("visits", 2).await?, 2);
    /// assert_eq!(cache.increment("visits", 1).await?, 3);
    /// assert_eq!(cache.increment("visits", 0).await?, 3); // reads it
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the sum would overflow `i64`, and when the backend fails. Not idempotent: after a timeout the counter may have
    /// been incremented.
    pub async fn increment(&self, key: impl Into<Key>, by: i64) -> Result<i64> {
        self.increment_for(key, by, None).await
    }

    /// As [`Cache::increment`], for a counter that expires `ttl` after its first increment.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let window = Some(Duration::from_secs(60));
    /// assert_eq!(cache.increment_for("logins:alice", 1, window).await?, 1);
    /// assert_eq!(cache.increment_for("logins:alice", 1, window).await?, 2);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::increment`].
    pub async fn increment_for(&self, key: impl Into<Key>, by: i64, ttl: Option<Duration>) -> Result<i64> {
        let counter = self.engine.namespace().counter(&key.into());
        self.engine.call()?.add(&counter, by, ttl).await
    }

    /// Subtracts from a counter; see [`Cache::increment`].
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.increment("stock:42", 10).await?;
    /// assert_eq!(cache.decrement("stock:42", 3).await?, 7);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::increment`].
    pub async fn decrement(&self, key: impl Into<Key>, by: i64) -> Result<i64> {
        let by = by.checked_neg().ok_or_else(|| {
            Error::new(ErrorKind::Backend, format!("{by} cannot be subtracted: its opposite is out of range"))
        })?;
        self.increment(key, by).await
    }

    pub(super) fn timeout(&self) -> Duration {
        self.engine.default_region().resolve_default().timeout
    }
}
