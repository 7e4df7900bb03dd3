//! `#[cache_evict]` at run time.

use std::fmt;
use std::pin::Pin;

use super::call::{Call, by_value, returned_or_error};
use crate::cache::{ByValue, Cache, ReturnKind, View, WriteThrough};
use crate::call_report::Operation;
use crate::engine::{Eviction, Target, WriteIntent};
use crate::key::Pattern;

/// When an eviction happens, seen from the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    After,
    Before,
    Around,
}

/// `#[cache_evict]`: what it evicts besides its key and tags, and when.
pub struct Evict<'a, V> {
    pattern: Option<Pattern>,
    pattern_by: Option<ByValue<'a, V, Pattern>>,
    all: bool,
    when: When,
}

impl<V> Default for Evict<'_, V> {
    fn default() -> Self {
        Evict { pattern: None, pattern_by: None, all: false, when: When::After }
    }
}

impl<V> fmt::Debug for Evict<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evict").field("when", &self.when).finish_non_exhaustive()
    }
}

impl<'a, K: ReturnKind> Call<'a, K, Evict<'a, K::Value>> {
    /// `pattern = "…"` over arguments only.
    #[must_use]
    pub fn pattern(mut self, pattern: impl FnOnce() -> Pattern) -> Self {
        self.attribute.pattern = self.condition.then(pattern);
        self
    }

    /// `pattern = "…{ret…}…"`
    #[must_use]
    pub fn pattern_by<F>(mut self, pattern: impl FnOnce() -> F) -> Self
    where
        F: FnOnce(&K::Value) -> Pattern + Send + 'a,
    {
        self.attribute.pattern_by = self.condition.then(|| by_value(pattern()));
        self
    }

    /// `all`
    #[must_use]
    pub fn all(mut self) -> Self {
        self.attribute.all = true;
        self
    }

    /// `when = "before"`
    #[must_use]
    pub fn before(mut self) -> Self {
        self.attribute.when = When::Before;
        self
    }

    /// `when = "around"`
    #[must_use]
    pub fn around(mut self) -> Self {
        self.attribute.when = When::Around;
        self
    }

    /// Runs the body, and evicts.
    ///
    /// # Cancel safety
    /// If the future is dropped after the body started, or the body panics, the eviction of what is known without the
    /// returned value is still queued, because the source may have been modified.
    pub fn run<F, L>(mut self, body: F) -> Pin<Box<impl Future<Output = K::Return> + use<'a, K, F, L>>>
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        Box::pin(async move {
            match (self.take_cache(), self.attribute.when) {
                (None, _) => body().await,
                (Some(cache), When::Before) => self.run_before(cache, body).await,
                (Some(cache), When::After) => self.run_after(cache, body).await,
                (Some(cache), When::Around) => self.run_around(cache, body).await,
            }
        })
    }

    async fn run_before<F, L>(mut self, cache: Cache, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        let evicted = self.eviction(&cache).run().await;
        match (evicted, self.hooks.propagate) {
            (Err(error), Some(propagate)) => propagate(error),
            _ => body().await,
        }
    }

    async fn run_after<F, L>(mut self, cache: Cache, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        let propagate = self.hooks.propagate;
        let mut eviction = self.eviction(&cache);
        let returned = body().await;
        let evicted = if let Some(more) = self.targets_of(&returned) {
            eviction.extend(more);
            eviction.run().await.map(drop)
        } else {
            eviction.cancel();
            Ok(())
        };
        returned_or_error(returned, evicted, propagate)
    }

    /// The keys and tags that are known are announced, and with that evicted, before the body; the other targets are
    /// evicted after it, if it did not fail.
    async fn run_around<F, L>(mut self, cache: Cache, body: F) -> K::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        let propagate = self.hooks.propagate;
        let policies = [&self.overrides, &self.site.policy];
        let intent =
            WriteIntent { keys: self.key.as_slice(), tags: &self.tags, value_tags: None, late: false };
        let (write, failed) = WriteThrough::begin(cache, self.site.region_name(), policies, intent).await;
        if let (Some(error), Some(propagate)) = (failed, propagate) {
            return propagate(error);
        }
        let scans = self.take_scans();
        let returned = body().await;
        let more = match self.targets_of(&returned) {
            Some(more) => scans.into_iter().chain(more).collect(),
            None => Vec::new(),
        };
        let evicted = write.evict(Operation::Evict, more).await;
        returned_or_error(returned, evicted, propagate)
    }

    /// The eviction of all that is known without the returned value.
    fn eviction(&mut self, cache: &Cache) -> Eviction {
        let region = cache.engine.region(self.site.region_name());
        let policy = region.resolve([&self.overrides, &self.site.policy]);
        let mut eviction = cache.engine.eviction(&region, &policy);
        eviction.extend(self.key.take().map(Target::Key));
        eviction.extend(std::mem::take(&mut self.tags).into_iter().map(Target::Tag));
        eviction.extend(self.take_scans());
        eviction
    }

    /// What is evicted by a scan.
    fn take_scans(&mut self) -> Vec<Target> {
        let region = (self.attribute.all && self.condition).then_some(Target::Region);
        region.into_iter().chain(self.attribute.pattern.take().map(Target::Pattern)).collect()
    }

    /// What else is evicted because of what the body returned; `None` if nothing is evicted at all.
    fn targets_of(self, returned: &K::Return) -> Option<Vec<Target>> {
        let value = match K::view(returned) {
            View::Value(value) => value,
            View::None => return Some(Vec::new()),
            View::Failed => return None,
        };
        if self.hooks.unless.is_some_and(|unless| unless(value)) {
            return None;
        }
        let key = self.key_by.map(|key_by| Target::Key(key_by(value)));
        let tags = self.tags_by.into_iter().map(|tag_by| Target::Tag(tag_by(value)));
        let pattern = self.attribute.pattern_by.map(|pattern_by| Target::Pattern(pattern_by(value)));
        Some(key.into_iter().chain(tags).chain(pattern).collect())
    }
}
