//! The key-value service: typed values by key, counters, lifetimes, scans.

use std::time::{Duration, Instant};

use super::Cache;
use crate::Value;
use crate::backend::{BackendInfo, ScanCursor};
use crate::clock;
use crate::error::Result;
use crate::key::{Key, Pattern};
use crate::policy::Policy;

/// How many names a backend is asked for at once.
const SCAN_PAGE: usize = 500;
/// How many values are stored at once: enough to fill a pipeline, and a bound on what waits in one task.
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

    /// Stores many values for `ttl`, 256 at once. Each is stored or not by itself.
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
    /// The first error, when all have been tried.
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

    /// Deletes a value: another word for [`Cache::evict`].
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

    /// Whether there is a value, of whatever type, tags aside.
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

    /// The remaining lifetime of a value, stale window included; `None` without a value.
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

    /// Gives a value a new lifetime from now, without a stale window. Returns whether there was one.
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
        self.engine.expire(region, self.timeout(), &key, ttl.max(Duration::from_millis(1))).await
    }

    /// Adds to a counter, which starts at zero, and returns the sum. Counters have names of their own: a value and
    /// a counter may share a key, and `get` does not see a counter; `increment(key, 0)` reads it.
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
    /// When the sum would pass the range of `i64`, and when the backend fails. Not idempotent: after a timeout the
    /// counter may have been incremented.
    pub async fn increment(&self, key: impl Into<Key>, by: i64) -> Result<i64> {
        self.increment_for(key, by, None).await
    }

    /// As [`Cache::increment`], for a counter that ends `ttl` after it was made.
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
        use crate::error::{Error, ErrorKind};
        let by = by.checked_neg().ok_or_else(|| {
            Error::new(ErrorKind::Backend, format!("{by} cannot be subtracted: its opposite is out of range"))
        })?;
        self.increment(key, by).await
    }

    /// All keys that match, by a scan. Keys of values that have no value any more, but a load under way, are among
    /// them; keys longer than the limit come in their cut form. At most `most` keys.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.set("product:1", &1, Duration::from_secs(60)).await?;
    /// cache.set("order:1", &1, Duration::from_secs(60)).await?;
    /// assert_eq!(cache.keys("product:*", 100).await?, ["product:1"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn keys(&self, pattern: impl Into<Pattern>, most: usize) -> Result<Vec<String>> {
        let pattern = pattern.into();
        let mut keys = std::collections::BTreeSet::new();
        let mut cursor = None;
        loop {
            let page = self.scan(&pattern, cursor, SCAN_PAGE).await?;
            keys.extend(page.keys);
            cursor = page.next;
            if cursor.is_none() || keys.len() >= most {
                return Ok(keys.into_iter().take(most).collect());
            }
        }
    }

    /// One page of the keys that match, without the namespace. A key may come twice.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Pattern};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.set("product:1", &1, Duration::from_secs(60)).await?;
    /// let mut cursor = None;
    /// loop {
    ///     let page = cache.scan(&Pattern::from("product:*"), cursor, 100).await?;
    ///     for key in page.keys {
    ///         println!("{key}");
    ///     }
    ///     cursor = page.next;
    ///     if cursor.is_none() {
    ///         break;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn scan(
        &self,
        pattern: &Pattern,
        cursor: Option<ScanCursor>,
        page_size: usize,
    ) -> Result<KeyPage> {
        self.scan_within(self.timeout(), pattern, cursor, page_size).await
    }

    pub(crate) async fn scan_within(
        &self,
        timeout: Duration,
        pattern: &Pattern,
        cursor: Option<ScanCursor>,
        page_size: usize,
    ) -> Result<KeyPage> {
        let namespace = self.engine.namespace();
        let glob = namespace.pattern(pattern);
        let page = self.engine.call_within(timeout)?.scan(&glob, cursor, page_size.max(1)).await?;
        let keys =
            page.keys.iter().filter_map(|key| namespace.key_of(key.as_str())).map(str::to_owned).collect();
        Ok(KeyPage { keys, next: page.next })
    }

    /// Invalidates everything in the namespace, and deletes its counters. Other namespaces, and the server, are
    /// not touched. Returns how many values fell.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.set("greeting", &1, Duration::from_secs(60)).await?;
    /// cache.increment("visits", 5).await?;
    /// assert_eq!(cache.flush().await?, 1);
    /// assert_eq!(cache.increment("visits", 0).await?, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::evict`].
    pub async fn flush(&self) -> Result<u64> {
        let fallen = self.evict_pattern(Pattern::all()).await?;
        self.delete_counters(self.timeout()).await?;
        Ok(fallen)
    }

    /// Each step takes `timeout` at most.
    pub(crate) async fn delete_counters(&self, timeout: Duration) -> Result<()> {
        let glob = self.engine.namespace().counters_pattern();
        let mut cursor = None;
        loop {
            let page = self.engine.call_within(timeout)?.scan(&glob, cursor, SCAN_PAGE).await?;
            self.engine.call_within(timeout)?.delete_raw(&page.keys).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Asks the backend whether it is there, and returns how long it took.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// println!("the backend answered after {:?}", cache.ping().await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When it is not.
    pub async fn ping(&self) -> Result<Duration> {
        let start: Instant = clock::now();
        self.engine.call()?.ping().await?;
        Ok(clock::now().saturating_duration_since(start))
    }

    /// Whether calls go to the backend; `false` while the circuit breaker is open.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// assert!(cache.is_connected());
    /// # Ok(()) }
    /// ```
    pub fn is_connected(&self) -> bool {
        self.engine.store.is_connected()
    }

    /// What the backend tells about itself.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// assert_eq!(cache.info().await?.backend, "memory");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn info(&self) -> Result<BackendInfo> {
        self.engine.call()?.info().await
    }

    fn timeout(&self) -> Duration {
        self.engine.default_region().resolve_default().timeout
    }
}

/// One page of [`Cache::scan`].
#[derive(Debug, Clone, Default)]
pub struct KeyPage {
    /// Keys, without the namespace.
    pub keys: Vec<String>,
    /// Where to go on; `None` at the end.
    pub next: Option<ScanCursor>,
}
