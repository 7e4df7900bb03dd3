//! `WriteGuard`: a crash-safe write, announced before the source's transaction.

use super::{Cache, WriteThrough, Written};
use crate::Value;
use crate::call_report::Operation;
use crate::engine::{Target, WriteIntent};
use crate::entry::Version;
use crate::error::Result;
use crate::key::{Key, Tag};
use crate::policy::Policy;
use crate::region::DEFAULT_REGION;

impl Cache {
    /// Announces a write of `keys` that also invalidates `tags`. Evicts what they hold now, and refuses fills until the guard
    /// is committed or dropped, or the intent expires ([`Policy::intent`], 10 s).
    ///
    /// Begin before the transaction and commit after it. A process that dies in between leaves no old value.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let write = cache.begin_write(["product:42"], ["products"]).await?;
    /// let product = "written to the source".to_owned();
    /// write.commit_put("product:42", &product, &Policy::new()).await?;
    /// assert_eq!(cache.get("product:42").await?, Some(product));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails. Do not write the source then; an eviction of what was announced is queued, in case it is
    /// written nevertheless.
    pub async fn begin_write<K: Into<Key>, T: Into<Tag>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        tags: impl IntoIterator<Item = T>,
    ) -> Result<WriteGuard> {
        self.begin_write_with(keys, tags, &Policy::new()).await
    }

    /// As [`Cache::begin_write`], with the region, timeout, intent and grace of a policy.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let long = Policy::new().region("product").intent(Duration::from_secs(60));
    /// let write = cache.begin_write_with(["product:42"], ["products"], &long).await?;
    /// // … a transaction of up to a minute …
    /// write.commit_evict().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::begin_write`].
    pub async fn begin_write_with<K: Into<Key>, T: Into<Tag>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        tags: impl IntoIterator<Item = T>,
        policy: &Policy,
    ) -> Result<WriteGuard> {
        let keys: Vec<Key> = keys.into_iter().map(Into::into).collect();
        let tags: Vec<Tag> = tags.into_iter().map(Into::into).collect();
        let intent = WriteIntent { keys: &keys, tags: &tags, value_tags: None, late: true };
        let region = policy.region.as_deref().unwrap_or(DEFAULT_REGION);
        let (write, failed) =
            WriteThrough::begin(self.clone(), region, [policy, &Policy::UNSET], intent).await;
        failed.map_or(Ok(WriteGuard { write }), Err)
    }
}

/// A write between its begin and its commit. Dropping it evicts what it announced.
#[derive(Debug)]
#[must_use = "dropping the guard evicts what it announced"]
pub struct WriteGuard {
    write: WriteThrough,
}

impl WriteGuard {
    /// Stores the new value under `key`, unless another writer came in between, and evicts everything else that was announced.
    /// Call it after the source was written. Returns whether the value was stored; a value with a tag that this write
    /// announced is not, since the tag is evicted.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let write = cache.begin_write(["product:42"], ["lists"]).await?;
    /// // … the transaction …
    /// let stored = write.commit_put("product:42", &"tea".to_owned(), &Policy::new()).await?;
    /// assert!(stored, "no other writer came in between");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the backend fails; the eviction of what was announced is then queued.
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for more tags than an entry can hold; the key is then evicted.
    ///
    /// # Cancel safety
    /// If the future is dropped, the eviction of what was announced is queued.
    pub async fn commit_put<V: Value>(self, key: impl Into<Key>, value: &V, policy: &Policy) -> Result<bool> {
        self.put(key.into(), value, None, policy).await
    }

    /// As [`WriteGuard::commit_put`], for a value with a version: refused if a later version was stored, or evicted within the
    /// last minute.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let policy = Policy::new();
    /// let write = cache.begin_write(["product:42"], ["lists"]).await?;
    /// assert!(write.commit_put_version("product:42", &"tea".to_owned(), 7_u64, &policy).await?);
    ///
    /// let late = cache.begin_write(["product:42"], ["lists"]).await?;
    /// assert!(!late.commit_put_version("product:42", &"old tea".to_owned(), 6_u64, &policy).await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`WriteGuard::commit_put`].
    pub async fn commit_put_version<V: Value>(
        self,
        key: impl Into<Key>,
        value: &V,
        version: impl Into<Version>,
        policy: &Policy,
    ) -> Result<bool> {
        self.put(key.into(), value, Some(version.into()), policy).await
    }

    /// Evicts everything that was announced. Call it after the source was written, or may have been.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.put("product:42", &"tea".to_owned(), &Policy::new()).await?;
    /// let write = cache.begin_write(["product:42"], ["products"]).await?;
    /// // … the transaction deletes the product …
    /// write.commit_evict().await?;
    /// assert_eq!(cache.get::<String>("product:42").await?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`WriteGuard::commit_put`].
    pub async fn commit_evict(self) -> Result<()> {
        self.write.evict(Operation::Evict, Vec::new()).await
    }

    async fn put<V: Value>(
        mut self,
        key: Key,
        value: &V,
        version: Option<Version>,
        policy: &Policy,
    ) -> Result<bool> {
        self.write.follow(policy);
        if let Err(error) = self.write.check_tags(&policy.tags) {
            self.write.evict(Operation::Put, vec![Target::Key(key)]).await?;
            return Err(error);
        }
        let written = Written::Value { value, ttl: None, version };
        self.write.put(key, &policy.tags, written, 0).await
    }
}
