//! Scans over the namespace: lists of keys, and `flush`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Cache;
use crate::backend::ScanCursor;
use crate::error::Result;
use crate::key::Pattern;

/// Names requested from the backend in one page.
const SCAN_PAGE: usize = 500;

impl Cache {
    /// Lists the keys that match, at most `most`, by a scan over the namespace. Includes keys without a value that are
    /// leased or remember an eviction; a key longer than the limit is listed in its shortened form.
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
        let mut keys = BTreeSet::new();
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

    /// Lists one page of the keys that match, without the namespace. A key may be listed more than once.
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

    /// Evicts everything in the namespace and deletes its counters. Other namespaces are not touched. Returns how many
    /// values were evicted.
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
        let evicted = self.evict_pattern(Pattern::all()).await?;
        self.delete_counters(self.timeout()).await?;
        Ok(evicted)
    }

    /// `timeout` bounds each command, not the whole.
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
}

/// One page of [`Cache::scan`].
#[derive(Debug, Clone, Default)]
pub struct KeyPage {
    /// Keys, without the namespace.
    pub keys: Vec<String>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<ScanCursor>,
}
