//! `#[cache_evict]` at run time.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use super::{HoldsError, Shape, Site, View};
use crate::cache::{Cache, WriteThrough, resolve};
use crate::call_report::Operation;
use crate::engine::{Announced, Eviction, Target};
use crate::error::Error;
use crate::key::{Key, Pattern, Tag};
use crate::policy::Policy;

type ByValue<'a, V, T> = Box<dyn FnOnce(&V) -> T + Send + 'a>;

/// When what is to fall falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    After,
    Before,
    Around,
}

/// One call of a `#[cache_evict]` function, under construction.
pub struct Evict<'a, S: Shape> {
    site: &'static Site,
    cache: Option<Cache>,
    targets: Vec<Target>,
    targets_by: Vec<ByValue<'a, S::Value, Target>>,
    said: Policy,
    when: When,
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
            when: When::After,
            condition: true,
            unless: None,
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
    pub fn key<K: Into<Key>>(self, key: impl FnOnce() -> K) -> Self {
        self.target(|| Target::Key(key().into()))
    }

    /// `key = "…{ret…}…"`
    #[must_use]
    pub fn key_by<K, F>(self, key: impl FnOnce() -> F) -> Self
    where
        K: Into<Key> + 'a,
        F: FnOnce(&S::Value) -> K + Send + 'a,
    {
        self.target_by(key, |key| Target::Key(key.into()))
    }

    /// One of `tags = […]` over arguments only
    #[must_use]
    pub fn tag<T: Into<Tag>>(self, tag: impl FnOnce() -> T) -> Self {
        self.target(|| Target::Tag(tag().into()))
    }

    /// One of `tags = ["…{ret…}…"]`
    #[must_use]
    pub fn tag_by<T, F>(self, tag: impl FnOnce() -> F) -> Self
    where
        T: Into<Tag> + 'a,
        F: FnOnce(&S::Value) -> T + Send + 'a,
    {
        self.target_by(tag, |tag| Target::Tag(tag.into()))
    }

    /// `pattern = "…"` over arguments only
    #[must_use]
    pub fn pattern(self, pattern: impl FnOnce() -> Pattern) -> Self {
        self.target(|| Target::Pattern(pattern()))
    }

    /// `pattern = "…{ret…}…"`
    #[must_use]
    pub fn pattern_by<F>(self, pattern: impl FnOnce() -> F) -> Self
    where
        F: FnOnce(&S::Value) -> Pattern + Send + 'a,
    {
        self.target_by(pattern, Target::Pattern)
    }

    /// `all`
    #[must_use]
    pub fn all(self) -> Self {
        self.target(|| Target::Region)
    }

    /// `when = "before"`
    #[must_use]
    pub fn before(mut self) -> Self {
        self.when = When::Before;
        self
    }

    /// `when = "around"`
    #[must_use]
    pub fn around(mut self) -> Self {
        self.when = When::Around;
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

    /// `grace = expr`
    #[must_use]
    pub fn grace(mut self, grace: impl FnOnce() -> Duration) -> Self {
        if self.condition {
            self.said = self.said.grace(grace());
        }
        self
    }

    /// `condition = expr`. It is the first setter: after a `false`, the others make nothing.
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
        match self.when {
            When::Before => self.run_before(cache, body).await,
            When::After => self.run_after(cache, body).await,
            When::Around => self.run_around(cache, body).await,
        }
    }

    async fn run_before<F, L>(self, cache: Cache, body: F) -> S::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        let evicted = eviction(&cache, self.site, &self.said, self.targets).run().await;
        match (evicted, self.propagate) {
            (Err(error), Some(propagate)) => propagate(error),
            _ => body().await,
        }
    }

    async fn run_after<F, L>(self, cache: Cache, body: F) -> S::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        let mut eviction = eviction(&cache, self.site, &self.said, self.targets);
        let returned = body().await;
        let evicted = if let Some(more) = targets_of::<S>(&returned, self.unless, self.targets_by) {
            eviction.extend(more);
            eviction.run().await.map(drop)
        } else {
            eviction.cancel();
            Ok(())
        };
        match (evicted, self.propagate) {
            (Err(error), Some(propagate)) => propagate(error),
            _ => returned,
        }
    }

    /// The keys and tags that are known are announced before the body; the other targets fall after it. What was
    /// announced falls even if the body fails, since it has fallen already.
    async fn run_around<F, L>(self, cache: Cache, body: F) -> S::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        let (mut keys, mut tags, mut scans) = (Vec::new(), Vec::new(), Vec::new());
        for target in self.targets {
            match target {
                Target::Key(key) => keys.push(key),
                Target::Tag(tag) => tags.push(tag),
                scan @ (Target::Pattern(_) | Target::Region) => scans.push(scan),
            }
        }
        let policies = [&self.said, &self.site.policy];
        let announced = Announced { keys: &keys, tags: &tags, value_tags: None, late: false };
        let (write, failed) = WriteThrough::begin(cache, self.site.region_name(), policies, announced).await;
        if let (Some(error), Some(propagate)) = (failed, self.propagate) {
            return propagate(error);
        }
        let returned = body().await;
        let more = match targets_of::<S>(&returned, self.unless, self.targets_by) {
            Some(more) => scans.into_iter().chain(more).collect(),
            None => Vec::new(),
        };
        match (write.evict(Operation::Evict, more).await, self.propagate) {
            (Err(error), Some(propagate)) => propagate(error),
            _ => returned,
        }
    }

    fn target(mut self, target: impl FnOnce() -> Target) -> Self {
        self.targets.extend(self.condition.then(target));
        self
    }

    fn target_by<N, F>(mut self, name: impl FnOnce() -> F, target: fn(N) -> Target) -> Self
    where
        N: 'a,
        F: FnOnce(&S::Value) -> N + Send + 'a,
    {
        if self.condition {
            let name = name();
            self.targets_by.push(Box::new(move |value| target(name(value))));
        }
        self
    }
}

fn eviction(cache: &Cache, site: &Site, said: &Policy, targets: Vec<Target>) -> Eviction {
    let region = cache.engine.region(site.region_name());
    let policy = region.resolve([said, &site.policy]);
    let mut eviction = cache.engine.eviction(&region, &policy);
    eviction.extend(targets);
    eviction
}

/// What falls because of what the body returned; `None` if nothing is to fall at all.
fn targets_of<S: Shape>(
    returned: &S::Return,
    unless: Option<ByValue<'_, S::Value, bool>>,
    targets_by: Vec<ByValue<'_, S::Value, Target>>,
) -> Option<Vec<Target>> {
    match S::view(returned) {
        View::Value(value) if unless.is_some_and(|unless| unless(value)) => None,
        View::Value(value) => Some(targets_by.into_iter().map(|target_by| target_by(value)).collect()),
        View::None => Some(Vec::new()),
        View::Failed => None,
    }
}
