//! `Invalidation`: what falls together.

use std::sync::Arc;
#[cfg(feature = "session")]
use std::time::Duration;

use super::Cache;
use crate::engine::Target;
use crate::error::Result;
use crate::key::{Key, Pattern, Tag};
use crate::policy::Resolved;
use crate::region::{DEFAULT_REGION, Region};

/// Keys, tags and patterns that fall together.
#[derive(Debug, Clone, Default)]
#[must_use = "it says what falls, and lets nothing fall"]
pub struct Invalidation {
    targets: Vec<Target>,
}

impl Invalidation {
    /// Nothing yet.
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

    /// Adds all keys that match; the slow way, tags are the fast one.
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

    /// Adds all that another one says.
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

    /// Whether nothing is to fall.
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
    /// Invalidates all of it. When it returns, nobody is served any of it any more. Returns how many keys held a
    /// value; what tags let fall is not counted.
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

    /// As [`Cache::invalidate`], counted in a region, with its timeout and grace.
    pub(crate) async fn invalidate_in(&self, region: &str, invalidation: Invalidation) -> Result<u64> {
        let region = self.engine.region(region);
        let policy = region.resolve_default();
        self.invalidate_by(&region, &policy, invalidation).await
    }

    /// The same without a grace, for what is not loaded from a source that lags.
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
