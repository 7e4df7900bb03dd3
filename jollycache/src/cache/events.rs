//! `Events`: a subscription to the invalidations of all processes.

use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream::unfold;

use super::Cache;
use crate::backend::{Delivery, Subscription};
use crate::error::Result;
use crate::event::{InvalidationEvent, Origin};
use crate::store::Store;

impl Cache {
    /// Subscribes to the invalidations of all caches of the namespace that were built with
    /// [`events(true)`](crate::CacheBuilder::events), in all processes, this cache included.
    ///
    /// An event is delivered after its invalidation took effect. Events can be lost (a broken connection, a slow
    /// subscriber); no read of the cache depends on them. Use them for side effects: purging pages, refreshing screens,
    /// logging. A replaced value (`set`, `put`, `update`, a refresh) is no invalidation and publishes no event;
    /// `#[cache_put]` publishes one, since it invalidates the old value first.
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
    ///     Notice::Missed(_) => { /* discard everything derived from the cache */ }
    ///     _ => {}
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend cannot be reached. After that, a lost connection is re-established in the background.
    pub async fn events(&self) -> Result<Events> {
        let channel = self.engine.namespace().event_channel();
        let subscription = self.engine.call()?.subscribe(&channel).await?;
        Ok(Events { subscription, _store: self.engine.store.clone() })
    }

    /// The id of this cache, which its events carry as [`InvalidationEvent::origin`].
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

/// One item of [`Events`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Something was invalidated.
    Invalidated(InvalidationEvent),
    /// Events were lost: this many because the subscriber was slow, or an unknown number (`None`) because the connection was
    /// down. Anything derived from cached values may be out of date.
    Missed(Option<u64>),
}

/// A subscription to the events published since [`Cache::events`] returned. Buffers at most 1024; the oldest are discarded.
///
/// It keeps the backend's connection alive, but not the cache. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Events {
    subscription: Subscription,
    /// Keeps the connection open when the cache is dropped.
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
                    tracing::debug!(
                        bytes = message.len(),
                        "ignored a message on the event topic that is no event"
                    );
                }
            }
        }
    }

    /// Converts the subscription into a stream, which never ends.
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
