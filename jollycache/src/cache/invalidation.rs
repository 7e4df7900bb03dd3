//! `Invalidation`: a set of keys, tags and patterns to invalidate together.

use std::sync::Arc;
#[cfg(feature = "session")]
use std::time::Duration;

use super::Cache;
use crate::engine::Target;
use crate::error::Result;
use crate::key::{Key, Pattern, Tag};
use crate::policy::Resolved;
use crate::region::{DEFAULT_REGION, Region};

/// A set of keys, tags and patterns that [`Cache::invalidate`] invalidates together.
#[derive(Debug, Clone, Default)]
#[must_use = "an `Invalidation` does nothing until passed to `Cache::invalidate`"]
pub struct Invalidation {
    targets: Vec<Target>,
}

impl Invalidation {
    /// An empty set.
    ///
    /// ```
    /// # use jollycache::Invalidation;
    /// assert!(Invalidation::new().is_empty());
    /// ```
    pub fn new() -> Self {
        Invalidation::default()
    }

    /// Adds a key.
    ///
    /// ```
    /// # use jollycache::{Invalidation, Key};
    /// let id = 42;
    /// let changed = Invalidation::new().key(Key::builder().literal("product:").part(&id)).key("products:best");
    /// assert!(!changed.is_empty());
    /// ```
    pub fn key(mut self, key: impl Into<Key>) -> Self {
        self.targets.push(Target::Key(key.into()));
        self
    }

    /// Adds a tag.
    ///
    /// ```
    /// # use jollycache::Invalidation;
    /// let changed = Invalidation::new().tag("products").tag("category:tea");
    /// assert!(!changed.is_empty());
    /// ```
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.targets.push(Target::Tag(tag.into()));
        self
    }

    /// Adds all keys that match. Costs a scan over the namespace; prefer tags.
    ///
    /// ```
    /// # use jollycache::Invalidation;
    /// let changed = Invalidation::new().pattern("products:page:*");
    /// assert!(!changed.is_empty());
    /// ```
    pub fn pattern(mut self, pattern: impl Into<Pattern>) -> Self {
        self.targets.push(Target::Pattern(pattern.into()));
        self
    }

    /// Adds everything in `other`.
    ///
    /// ```
    /// # use jollycache::Invalidation;
    /// let product = Invalidation::new().key("product:42");
    /// let lists = Invalidation::new().tag("products");
    /// let changed = product.and(lists);
    /// assert!(!changed.is_empty());
    /// ```
    pub fn and(mut self, other: Invalidation) -> Self {
        self.targets.extend(other.targets);
        self
    }

    /// Whether the set is empty.
    ///
    /// ```
    /// # use jollycache::Invalidation;
    /// assert!(Invalidation::new().is_empty());
    /// assert!(!Invalidation::new().key("product:42").is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
}

impl Cache {
    /// Invalidates a set of keys, tags and patterns. Reads that start after it returned do not see any of the old values.
    /// Returns how many keys held a value; entries invalidated by a tag are not counted.
    ///
    /// ```
    /// # use jollycache::{Cache, Invalidation, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// cache.invalidate(Invalidation::new().key("product:42").tag("category:tea")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Cache::evict`].
    pub async fn invalidate(&self, invalidation: Invalidation) -> Result<u64> {
        self.invalidate_in(DEFAULT_REGION, invalidation).await
    }

    /// As [`Cache::invalidate`], with the counters, timeout and grace of a region.
    pub(crate) async fn invalidate_in(&self, region: &str, invalidation: Invalidation) -> Result<u64> {
        let region = self.engine.region(region);
        let policy = region.resolve_default();
        self.invalidate_by(&region, &policy, invalidation).await
    }

    /// As [`Cache::invalidate_in`], without a grace: for values that are not loaded from a lagging source.
    #[cfg(feature = "session")]
    pub(crate) async fn invalidate_at_once_in(
        &self,
        region: &str,
        invalidation: Invalidation,
    ) -> Result<u64> {
        let region = self.engine.region(region);
        let policy = Resolved { grace: Duration::ZERO, ..region.resolve_default() };
        self.invalidate_by(&region, &policy, invalidation).await
    }

    async fn invalidate_by(
        &self,
        region: &Arc<Region>,
        policy: &Resolved,
        invalidation: Invalidation,
    ) -> Result<u64> {
        if invalidation.is_empty() {
            return Ok(0);
        }
        let mut eviction = self.engine.eviction(region, policy);
        invalidation.targets.into_iter().for_each(|target| eviction.add(target));
        eviction.run().await
    }
}
