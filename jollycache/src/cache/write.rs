//! Writes: `put` and the evictions.

use std::sync::Arc;

use super::Cache;
use crate::Value;
use crate::call_report::{self, CallOutcome, Operation, Outcome};
use crate::clock;
use crate::engine::{NewValue, Overwrite, Target, TypeOf};
use crate::entry::Fingerprint;
use crate::error::Result;
use crate::key::{Key, Pattern, Tag};
use crate::policy::Policy;
use crate::region::{DEFAULT_REGION, Region};

impl Cache {
    /// Stores a value, replacing any other. Takes two round trips, a lease and a fenced fill: an eviction between them refuses
    /// the value, so that a command that the network delivers late never undoes an eviction.
    ///
    /// For values with one writer. Of several concurrent puts the last call wins, which need not be the last to have written
    /// the source; `#[cache_put]` and [`Cache::begin_write`] have no such gap.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let policy = Policy::new().ttl(Duration::from_secs(60)).tag("products");
    /// cache.put("product:42", &"tea".to_owned(), &policy).await?;
    /// assert_eq!(cache.get("product:42").await?, Some("tea".to_owned()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the value cannot be encoded, would decode to another value ([`ErrorKind::Lossy`](crate::ErrorKind::Lossy)) or is
    /// too large; when it has more tags than an entry can hold; and when the backend fails.
    ///
    /// # Cancel safety
    /// After an error of the backend, and if the future is dropped midway, an eviction of the key is queued, because the
    /// source may have been written. This process bypasses the key until the eviction is delivered.
    pub async fn put<V: Value>(&self, key: impl Into<Key>, value: &V, policy: &Policy) -> Result<()> {
        let started = clock::now();
        let region = self.engine.region(policy.region.as_deref().unwrap_or(DEFAULT_REGION));
        let stored = self.store(&region, &key.into(), value, policy).await;
        let outcome = match &stored {
            Ok(true) => Outcome::Stored,
            Ok(false) => Outcome::Refused,
            Err(_) => Outcome::Error,
        };
        call_report::report(&region, Operation::Put, started, CallOutcome::of(outcome));
        stored.map(drop)
    }

    async fn store<V: Value>(
        &self,
        region: &Arc<Region>,
        key: &Key,
        value: &V,
        policy: &Policy,
    ) -> Result<bool> {
        let engine = &self.engine;
        engine.ensure_worker();
        let resolved = region.resolve([policy, &Policy::new()]);
        let tags = region.tags(resolved.consistency, &policy.tags);
        let payload = self.payload(region, value, tags.len())?;
        let value = NewValue {
            none: false,
            payload,
            type_of: TypeOf { fingerprint: Fingerprint::of::<V>(), schema: 0 },
            version: None,
            ttl: resolved.ttl,
            stale: resolved.stale,
        };
        Overwrite::new(engine, region, engine.namespace().key(key), &resolved).put(value, &tags).await
    }

    /// Evicts a key. Reads that start after it returned do not see the old value. Returns whether there was a value.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.put("product:42", &"tea".to_owned(), &Policy::new()).await?;
    /// assert!(cache.evict("product:42").await?);
    /// assert_eq!(cache.get::<String>("product:42").await?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails. The eviction is then queued, and this process bypasses the key until it is delivered.
    ///
    /// # Cancel safety
    /// If the future is dropped midway, the eviction is queued.
    pub async fn evict(&self, key: impl Into<Key>) -> Result<bool> {
        self.evict_targets([Target::Key(key.into())]).await.map(|held| held > 0)
    }

    /// Evicts all entries that have one of these tags, in O(1) of their number.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let policy = Policy::new().tag("products");
    /// cache.put("product:42", &"tea".to_owned(), &policy).await?;
    /// cache.evict_tags(["products"]).await?;
    /// assert_eq!(cache.get::<String>("product:42").await?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::evict`].
    pub async fn evict_tags<T: Into<Tag>>(&self, tags: impl IntoIterator<Item = T>) -> Result<()> {
        self.evict_targets(tags.into_iter().map(|tag| Target::Tag(tag.into()))).await.map(drop)
    }

    /// Evicts all keys that match, by a scan over the namespace; prefer tags, which need no scan. Returns how many values
    /// were evicted.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.put("product:42:price", &990, &Policy::new()).await?;
    /// cache.put("product:43:price", &990, &Policy::new()).await?;
    /// assert_eq!(cache.evict_pattern("product:42:*").await?, 1);
    /// assert_eq!(cache.get("product:43:price").await?, Some(990));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::evict`].
    pub async fn evict_pattern(&self, pattern: impl Into<Pattern>) -> Result<u64> {
        self.evict_targets([Target::Pattern(pattern.into())]).await
    }

    /// Evicts all entries of a region, by a scan over the namespace. Returns how many values were evicted.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.put("product:42", &1, &Policy::new().region("product")).await?;
    /// cache.put("order:7", &1, &Policy::new().region("order")).await?;
    /// assert_eq!(cache.evict_region("product").await?, 1);
    /// assert!(cache.exists("order:7").await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::evict`].
    pub async fn evict_region(&self, region: &str) -> Result<u64> {
        let region = self.engine.region(region);
        let mut eviction = self.engine.eviction(&region, &region.resolve_default());
        eviction.add(Target::Region);
        eviction.run().await
    }

    async fn evict_targets(&self, targets: impl IntoIterator<Item = Target>) -> Result<u64> {
        let region = self.engine.default_region();
        let mut eviction = self.engine.eviction(region, &region.resolve_default());
        for target in targets {
            eviction.add(target);
        }
        eviction.run().await
    }
}
