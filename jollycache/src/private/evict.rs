//! `#[cache_evict]` at run time.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use super::{HoldsError, Shape, Site, View};
use crate::cache::{Cache, resolve};
use crate::engine::{Eviction, Target};
use crate::error::{Error, Result};
use crate::key::{Key, Pattern, Tag};
use crate::policy::Policy;

type ByValue<'a, V, T> = Box<dyn FnOnce(&V) -> T + Send + 'a>;

/// One call of a `#[cache_evict]` function, under construction.
pub struct Evict<'a, S: Shape> {
    site: &'static Site,
    cache: Option<Cache>,
    targets: Vec<Target>,
    targets_by: Vec<ByValue<'a, S::Value, Target>>,
    said: Policy,
    before: bool,
    condition: bool,
    unless: Option<ByValue<'a, S::Value, bool>>,
    propagate: Option<fn(Error) -> S::Return>,
}

impl<S: Shape> fmt::Debug for Evict<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evict")
            .field("site", &self.site)
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

impl<'a, S: Shape> Evict<'a, S> {
    pub(super) fn new(site: &'static Site) -> Self {
        Evict {
            site,
            cache: None,
            targets: Vec::new(),
            targets_by: Vec::new(),
            said: Policy::new(),
            before: false,
            condition: true,
            unless: None,
            propagate: None,
        }
    }

    /// `with = expr`
    #[must_use]
    pub fn with(mut self, cache: &Cache) -> Self {
        self.cache = Some(cache.clone());
        self
    }

    /// `key = "…"` over arguments only
    #[must_use]
    pub fn key(self, key: impl Into<Key>) -> Self {
        self.target(Target::Key(key.into()))
    }

    /// `key = "…{ret…}…"`
    #[must_use]
    pub fn key_by<K: Into<Key>, F: FnOnce(&S::Value) -> K + Send + 'a>(self, key: F) -> Self {
        self.target_by(|value| Target::Key(key(value).into()))
    }

    /// One of `tags = […]` over arguments only
    #[must_use]
    pub fn tag(self, tag: impl Into<Tag>) -> Self {
        self.target(Target::Tag(tag.into()))
    }

    /// One of `tags = ["…{ret…}…"]`
    #[must_use]
    pub fn tag_by<K: Into<Tag>, F: FnOnce(&S::Value) -> K + Send + 'a>(self, tag: F) -> Self {
        self.target_by(|value| Target::Tag(tag(value).into()))
    }

    /// `pattern = "…"` over arguments only
    #[must_use]
    pub fn pattern(self, pattern: Pattern) -> Self {
        self.target(Target::Pattern(pattern))
    }

    /// `pattern = "…{ret…}…"`
    #[must_use]
    pub fn pattern_by<F: FnOnce(&S::Value) -> Pattern + Send + 'a>(self, pattern: F) -> Self {
        self.target_by(|value| Target::Pattern(pattern(value)))
    }

    /// `all`
    #[must_use]
    pub fn all(self) -> Self {
        self.target(Target::Region)
    }

    /// `when = "before"`
    #[must_use]
    pub fn before(mut self) -> Self {
        self.before = true;
        self
    }

    /// `timeout = expr`
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.said = self.said.timeout(timeout);
        self
    }

    /// `condition = expr`
    #[must_use]
    pub fn condition(mut self, condition: bool) -> Self {
        self.condition = condition;
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

    /// Runs the body, and evicts.
    ///
    /// If the future is dropped while the body runs, or the body panics, what is known to fall falls all the same:
    /// nobody can tell whether the source was written.
    pub fn run<F, L>(self, body: F) -> Pin<Box<impl Future<Output = S::Return> + use<'a, S, F, L>>>
    where
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
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        let region = cache.engine.region(self.site.region_name());
        let timeout = region.resolve([&self.said, &self.site.policy]).timeout;
        let mut eviction = cache.engine.eviction(&region, timeout);
        for target in self.targets {
            eviction.add(target);
        }
        if self.before {
            let evicted = eviction.run().await;
            return match (evicted, self.propagate) {
                (Err(error), Some(propagate)) => propagate(error),
                _ => body().await,
            };
        }
        let returned = body().await;
        let unless = self.unless;
        let targets_by = self.targets_by;
        let evicted = match S::view(&returned) {
            View::Value(value) if unless.is_some_and(|unless| unless(value)) => eviction.cancel(),
            View::Value(value) => {
                targets_by.into_iter().for_each(|target_by| eviction.add(target_by(value)));
                run(eviction).await
            }
            View::None => run(eviction).await,
            View::Failed => eviction.cancel(),
        };
        match (evicted, self.propagate) {
            (Err(error), Some(propagate)) => propagate(error),
            _ => returned,
        }
    }

    fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    fn target_by(mut self, target: impl FnOnce(&S::Value) -> Target + Send + 'a) -> Self {
        self.targets_by.push(Box::new(target));
        self
    }
}

async fn run(eviction: Eviction) -> Result<()> {
    eviction.run().await.map(drop)
}
