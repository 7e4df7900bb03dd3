//! `#[cache_put]` at run time.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use super::{HoldsError, HoldsOption, Shape, Site, View};
use crate::Value;
use crate::cache::{Cache, WriteThrough, Written, resolve};
use crate::call_report::Operation;
use crate::engine::Announced;
use crate::entry::Version;
use crate::error::{Error, Result};
use crate::key::{Key, Tag};
use crate::policy::Policy;

type ByValue<'a, V, T> = Box<dyn FnOnce(&V) -> T + Send + 'a>;

/// One call of a `#[cache_put]` function, under construction.
pub struct Put<'a, S: Shape> {
    site: &'static Site,
    cache: Option<Cache>,
    key: Option<Key>,
    key_by: Option<ByValue<'a, S::Value, Key>>,
    tags: Vec<Tag>,
    tags_by: Vec<ByValue<'a, S::Value, Tag>>,
    said: Policy,
    condition: bool,
    ttl_by: Option<ByValue<'a, S::Value, Duration>>,
    unless: Option<ByValue<'a, S::Value, bool>>,
    version_by: Option<ByValue<'a, S::Value, Version>>,
    propagate: Option<fn(Error) -> S::Return>,
}

impl<S: Shape> fmt::Debug for Put<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put").field("site", &self.site).field("key", &self.key).finish_non_exhaustive()
    }
}

impl<'a, S: Shape> Put<'a, S> {
    pub(super) fn new(site: &'static Site) -> Self {
        Put {
            site,
            cache: None,
            key: None,
            key_by: None,
            tags: Vec::new(),
            tags_by: Vec::new(),
            said: Policy::new(),
            condition: true,
            ttl_by: None,
            unless: None,
            version_by: None,
            propagate: None,
        }
    }

    /// `with = expr`
    #[must_use]
    pub fn with(mut self, cache: impl FnOnce() -> Cache) -> Self {
        self.cache = self.condition.then(cache);
        self
    }

    /// `key = "…"` over arguments only
    #[must_use]
    pub fn key<K: Into<Key>>(mut self, key: impl FnOnce() -> K) -> Self {
        self.key = self.condition.then(|| key().into());
        self
    }

    /// `key = "…{ret…}…"`
    #[must_use]
    pub fn key_by<K, F>(mut self, key: impl FnOnce() -> F) -> Self
    where
        K: Into<Key>,
        F: FnOnce(&S::Value) -> K + Send + 'a,
    {
        self.key_by = self.condition.then(|| late(key()));
        self
    }

    /// One of `tags = […]` over arguments only
    #[must_use]
    pub fn tag<T: Into<Tag>>(mut self, tag: impl FnOnce() -> T) -> Self {
        self.tags.extend(self.condition.then(|| tag().into()));
        self
    }

    /// One of `tags = ["…{ret…}…"]`
    #[must_use]
    pub fn tag_by<T, F>(mut self, tag: impl FnOnce() -> F) -> Self
    where
        T: Into<Tag>,
        F: FnOnce(&S::Value) -> T + Send + 'a,
    {
        self.tags_by.extend(self.condition.then(|| late(tag())));
        self
    }

    /// `ttl = expr`
    #[must_use]
    pub fn ttl(mut self, ttl: impl FnOnce() -> Duration) -> Self {
        if self.condition {
            self.said = self.said.ttl(ttl());
        }
        self
    }

    /// `ttl = |v| …`
    #[must_use]
    pub fn ttl_by<F: FnOnce(&S::Value) -> Duration + Send + 'a>(mut self, ttl: F) -> Self {
        self.ttl_by = Some(Box::new(ttl));
        self
    }

    /// `stale = expr`
    #[must_use]
    pub fn stale(mut self, stale: impl FnOnce() -> Duration) -> Self {
        if self.condition {
            self.said = self.said.stale(stale());
        }
        self
    }

    /// `none_ttl = …`
    #[must_use]
    pub fn none_ttl(mut self, none_ttl: impl FnOnce() -> Duration) -> Self
    where
        S: HoldsOption,
    {
        if self.condition {
            self.said = self.said.none_ttl(none_ttl());
        }
        self
    }

    /// `timeout = expr`
    #[must_use]
    pub fn timeout(mut self, timeout: impl FnOnce() -> Duration) -> Self {
        if self.condition {
            self.said = self.said.timeout(timeout());
        }
        self
    }

    /// `condition = expr`. It is the first setter: after a `false`, the others make nothing.
    #[must_use]
    pub fn condition(mut self, condition: bool) -> Self {
        self.condition = condition;
        self
    }

    /// `version = ret…`
    #[must_use]
    pub fn version_by<V: Into<Version>, F: FnOnce(&S::Value) -> V + Send + 'a>(mut self, version: F) -> Self {
        self.version_by = Some(Box::new(|value| version(value).into()));
        self
    }

    /// `unless = |ret| …`
    #[must_use]
    pub fn unless<F: FnOnce(&S::Value) -> bool + Send + 'a>(mut self, unless: F) -> Self {
        self.unless = Some(Box::new(unless));
        self
    }

    /// `on_error = "propagate"`
    #[must_use]
    pub fn propagate(mut self) -> Self
    where
        S: HoldsError,
    {
        self.propagate = Some(S::from_error);
        self
    }

    /// Runs the body, and stores what it returns.
    pub fn run<F, L>(self, body: F) -> Pin<Box<impl Future<Output = S::Return> + use<'a, S, F, L>>>
    where
        S::Value: Value,
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        Box::pin(async move {
            match self.condition.then(|| resolve(self.cache.clone())).flatten() {
                Some(cache) => self.run_with(cache, body).await,
                None => body().await,
            }
        })
    }

    async fn run_with<F, L>(self, cache: Cache, body: F) -> S::Return
    where
        S::Value: Value,
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        let policies = [&self.said, &self.site.policy];
        let late = self.key_by.is_some() || !self.tags_by.is_empty();
        let announced =
            Announced { keys: self.key.as_slice(), tags: &[], value_tags: Some(&self.tags), late };
        let (write, failed) = WriteThrough::begin(cache, self.site.region_name(), policies, announced).await;
        if let (Some(error), Some(propagate)) = (failed, self.propagate) {
            // The source is untouched, so a call that is to fail fails before it is written.
            return propagate(error);
        }
        let returned = write.run(body()).await;
        let committed = match S::loaded(&returned) {
            View::Value(value) => {
                // Made in any case: what it names is of before the write, and evicted if nothing takes its place.
                let key = self.key_by.map(|key_by| key_by(value)).or(self.key);
                let refused = self.unless.is_some_and(|unless| unless(value));
                let late_tags = self.tags_by.into_iter().filter(|_| !refused).map(|tag_by| tag_by(value));
                let tags: Vec<Tag> = self.tags.into_iter().chain(late_tags).collect();
                let written = if refused {
                    Written::Unstored
                } else {
                    let ttl = self.ttl_by.map(|ttl_by| ttl_by(value));
                    let version = self.version_by.map(|version_by| version_by(value));
                    Written::Value { value, ttl, version }
                };
                store(write, key, &tags, written, self.site.schema).await
            }
            View::None => {
                store::<S::Value>(write, self.key, &self.tags, Written::None, self.site.schema).await
            }
            View::Failed => write.evict(Operation::Put, Vec::new()).await,
        };
        match (committed, self.propagate) {
            (Err(error), Some(propagate)) => propagate(error),
            _ => returned,
        }
    }
}

/// What is made from the value, in the type that is kept of it.
fn late<'a, V, M: Into<T>, T>(make: impl FnOnce(&V) -> M + Send + 'a) -> ByValue<'a, V, T> {
    Box::new(|value| make(value).into())
}

async fn store<V: Value>(
    write: WriteThrough,
    key: Option<Key>,
    tags: &[Tag],
    written: Written<'_, V>,
    schema: u16,
) -> Result<()> {
    match key {
        Some(key) => write.put(key, tags, written, schema).await.map(drop),
        // A late key, and no value to make it from.
        None => write.evict(Operation::Put, Vec::new()).await,
    }
}
