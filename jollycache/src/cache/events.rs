//! `Events`: the invalidations of all processes, as they come.

use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream::unfold;

use super::Cache;
use crate::backend::{Delivery, Subscription};
use crate::error::Result;
use crate::event::{InvalidationEvent, Origin};
use crate::store::Store;

impl Cache {
    /// Listens to the invalidations of all caches of the namespace that were built with
    /// [`events(true)`](crate::CacheBuilder::events), in whatever process, this cache's own among them.
    ///
    /// An event comes after its invalidation took effect. Events may be lost (a connection breaks, a listener is
    /// slow), and that costs no correctness: no read of the cache depends on them. They are for what else is to
    /// happen: pages to be purged, screens to be refreshed, something to be logged. A replaced value (`set`, `put`,
    /// `update`, a refresh) is no invalidation and is not told; a `#[cache_put]` is, since it lets the old value fall
    /// first.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Notice};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// let backend = MemoryBackend::new();
    /// let cache = Cache::builder().namespace("shop:dev").backend(backend).events(true).build()?;
    /// let mut events = cache.events().await?;
    ///
    /// cache.evict_tags(["products"]).await?;
    ///
    /// match events.next().await {
    ///     Notice::Invalidated(event) => {
    ///         assert_eq!(event.origin, cache.origin());
    ///         assert_eq!(event.tags, ["products"]);
    ///     }
    ///     Notice::Missed(_) => { /* drop whatever was derived from the cache */ }
    ///     _ => {}
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend cannot be reached. Once subscribed, a lost connection is made again by itself.
    pub async fn events(&self) -> Result<Events> {
        let channel = self.engine.event_channel();
        let subscription = self.engine.call()?.subscribe(&channel).await?;
        Ok(Events { subscription, _store: self.engine.store.clone() })
    }

    /// What tells this cache's events from those of others.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// let event_is_mine = |event: &jollycache::InvalidationEvent| event.origin == cache.origin();
    /// # let _ = event_is_mine;
    /// # Ok(()) }
    /// ```
    pub fn origin(&self) -> Origin {
        self.engine.origin
    }
}

/// What [`Events`] brings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Something was invalidated.
    Invalidated(InvalidationEvent),
    /// Events were lost: so many, because this listener was slow; or, with `None`, an unknown number, because the
    /// connection was lost for a while. Whatever was derived from cached values may be old.
    Missed(Option<u64>),
}

/// The events since [`Cache::events`] returned. At most 1024 wait for a slow listener.
///
/// It keeps the backend's connection, and not the cache. Dropping it ends it.
#[derive(Debug)]
pub struct Events {
    subscription: Subscription,
    /// Else the connection would end with the cache.
    _store: Arc<Store>,
}

impl Events {
    /// Waits for the next event. Cancel safe.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Notice};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let backend = MemoryBackend::new();
    /// # let cache = Cache::builder().namespace("doc").backend(backend).events(true).build()?;
    /// let mut events = cache.events().await?;
    /// cache.evict("product:42").await?;
    /// let Notice::Invalidated(event) = events.next().await else { panic!("nothing was missed") };
    /// assert_eq!(event.keys, ["product:42"]);
    /// # Ok(()) }
    /// ```
    pub async fn next(&mut self) -> Notice {
        loop {
            match self.subscription.next().await {
                Delivery::Missed(count) => return Notice::Missed(count),
                Delivery::Message(message) => {
                    if let Some(event) = InvalidationEvent::decode(&message) {
                        return Notice::Invalidated(event);
                    }
                    tracing::debug!(bytes = message.len(), "a message among the events is no event");
                }
            }
        }
    }

    /// The events as a stream, which never ends.
    ///
    /// ```
    /// # use jollycache::{Cache, MemoryBackend, Notice};
    /// # use futures_util::StreamExt;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> jollycache::Result<()> {
    /// # let backend = MemoryBackend::new();
    /// # let cache = Cache::builder().namespace("doc").backend(backend).events(true).build()?;
    /// let events = cache.events().await?.into_stream();
    /// cache.evict("product:42").await?;
    /// cache.evict("product:43").await?;
    /// let two: Vec<Notice> = events.take(2).collect().await;
    /// assert_eq!(two.len(), 2);
    /// # Ok(()) }
    /// ```
    pub fn into_stream(self) -> impl Stream<Item = Notice> + Send {
        unfold(self, |mut events| async move { Some((events.next().await, events)) })
    }
}
