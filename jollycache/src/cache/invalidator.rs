//! `Invalidator`: a table from domain events to the keys and tags that they invalidate.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{Cache, Invalidation};
use crate::error::{Error, ErrorKind, Result};
use crate::region::DEFAULT_REGION;

type Rule = Box<dyn Fn(&dyn Any) -> Invalidation + Send + Sync>;

/// Maps the application's domain events to the keys, tags and patterns that they invalidate, so that use cases publish
/// events and contain no keys and tags.
///
/// Cheap to clone; clones share the table.
///
/// ```
/// use jollycache::{Cache, Invalidation, Invalidator, Key, MemoryBackend};
///
/// struct ProductChanged {
///     id: u64,
///     category: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
/// let invalidator = Invalidator::builder(cache)
///     .on(|event: &ProductChanged| {
///         let key = Key::builder().literal("product:").part(&event.id);
///         Invalidation::new().key(key).tag(Key::builder().literal("category:").part(&event.category))
///     })
///     .build();
///
/// invalidator.publish(&ProductChanged { id: 42, category: "tea".into() }).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Invalidator {
    cache: Cache,
    region: Arc<str>,
    rules: Arc<HashMap<TypeId, Vec<Rule>>>,
}

impl Invalidator {
    /// Starts a table of rules for `cache`.
    ///
    /// ```
    /// # use jollycache::{Cache, Invalidation, Invalidator, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// struct PricesChanged;
    /// let invalidator =
    ///     Invalidator::builder(cache).on(|_: &PricesChanged| Invalidation::new().tag("prices")).build();
    /// invalidator.publish(&PricesChanged).await?;
    /// # Ok(()) }
    /// ```
    pub fn builder(cache: Cache) -> InvalidatorBuilder {
        InvalidatorBuilder { cache, region: DEFAULT_REGION.into(), rules: HashMap::new() }
    }

    /// Invalidates what the event's rules return, all together. Reads that start after it returned, in any process, do not
    /// see any of the old values; this depends on no message. Returns how many keys held a value.
    ///
    /// Call it after the source has been written.
    ///
    /// ```
    /// # use jollycache::{Cache, ErrorKind, Invalidation, Invalidator, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// struct PricesChanged;
    /// struct Forgotten;
    /// let invalidator = Invalidator::builder(cache.clone())
    ///     .on(|_: &PricesChanged| Invalidation::new().key("price:42"))
    ///     .build();
    ///
    /// cache.put("price:42", &990, &Policy::new()).await?;
    /// assert_eq!(invalidator.publish(&PricesChanged).await?, 1);
    /// assert_eq!(invalidator.publish(&Forgotten).await.unwrap_err().kind(), ErrorKind::Config);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for an event without a rule. Else as [`Cache::evict`].
    pub async fn publish<E: Send + Sync + 'static>(&self, event: &E) -> Result<u64> {
        let rules = self.rules.get(&TypeId::of::<E>()).ok_or_else(|| {
            let name = type_name::<E>();
            Error::new(ErrorKind::Config, format!("no rule for the event `{name}`: add `.on(|event: &…| …)`"))
        })?;
        let invalidation = rules.iter().fold(Invalidation::new(), |all, rule| all.and(rule(event)));
        self.cache.invalidate_in(&self.region, invalidation).await
    }
}

impl fmt::Debug for Invalidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invalidator")
            .field("region", &self.region)
            .field("events", &self.rules.len())
            .finish_non_exhaustive()
    }
}

/// Builds an [`Invalidator`].
#[must_use]
pub struct InvalidatorBuilder {
    cache: Cache,
    region: Arc<str>,
    rules: HashMap<TypeId, Vec<Rule>>,
}

impl InvalidatorBuilder {
    /// The region whose counters, timeout and grace the invalidations use. Default: `default`.
    ///
    /// ```
    /// # use jollycache::{Cache, Invalidation, Invalidator, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// struct PricesChanged;
    /// let invalidator = Invalidator::builder(cache.clone())
    ///     .region("price")
    ///     .on(|_: &PricesChanged| Invalidation::new().tag("prices"))
    ///     .build();
    /// invalidator.publish(&PricesChanged).await?;
    /// assert_eq!(cache.stats().regions["price"].evicted_tags, 1);
    /// # Ok(()) }
    /// ```
    pub fn region(mut self, name: &str) -> Self {
        self.region = name.into();
        self
    }

    /// Adds a rule: what a published `E` invalidates. An event may have several rules; the union counts.
    ///
    /// ```
    /// # use jollycache::{Cache, Invalidation, Invalidator, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// struct ProductRenamed { id: u64 }
    /// let invalidator = Invalidator::builder(cache)
    ///     .on(|event: &ProductRenamed| Invalidation::new().key(format!("product:{}", event.id)))
    ///     .on(|_: &ProductRenamed| Invalidation::new().tag("lists"))
    ///     .build();
    /// invalidator.publish(&ProductRenamed { id: 42 }).await?;
    /// # Ok(()) }
    /// ```
    pub fn on<E: Send + Sync + 'static>(
        mut self,
        rule: impl Fn(&E) -> Invalidation + Send + Sync + 'static,
    ) -> Self {
        let rule: Rule =
            Box::new(move |event| event.downcast_ref::<E>().map_or_else(Invalidation::new, &rule));
        self.rules.entry(TypeId::of::<E>()).or_default().push(rule);
        self
    }

    /// Finishes the table.
    ///
    /// ```
    /// # use jollycache::{Cache, Invalidation, Invalidator, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// struct CatalogueImported;
    /// let invalidator = Invalidator::builder(cache)
    ///     .on(|_: &CatalogueImported| Invalidation::new().tag("products"))
    ///     .build();
    /// let for_another_task = invalidator.clone();
    /// # drop(for_another_task);
    /// # Ok(()) }
    /// ```
    pub fn build(self) -> Invalidator {
        Invalidator { cache: self.cache, region: self.region, rules: Arc::new(self.rules) }
    }
}

impl fmt::Debug for InvalidatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvalidatorBuilder")
            .field("region", &self.region)
            .field("events", &self.rules.len())
            .finish_non_exhaustive()
    }
}
