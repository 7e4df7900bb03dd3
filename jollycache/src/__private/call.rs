//! One call of an annotated function, under construction: the setters that an expansion chains, and what the three
//! attributes have in common. What each of them does with the call stands in its own file.

use std::fmt;
use std::time::Duration;

use super::call_site::CallSite;
use crate::cache::{ByValue, Cache, HoldsError, HoldsOption, Hooks, ReturnKind, resolve};
use crate::entry::Version;
use crate::error::{Error, Result};
use crate::key::{Key, Tag};
use crate::policy::Policy;

/// A call of a function that returns a `K`, under the attribute `A`.
pub struct Call<'a, K: ReturnKind, A> {
    pub(super) site: &'static CallSite,
    pub(super) cache: Option<Cache>,
    pub(super) condition: bool,
    pub(super) key: Option<Key>,
    /// The key, where it is made from the returned value.
    pub(super) key_by: Option<ByValue<'a, K::Value, Key>>,
    pub(super) tags: Vec<Tag>,
    pub(super) tags_by: Vec<ByValue<'a, K::Value, Tag>>,
    /// What is known of the policy only in the call. It goes before the call site's.
    pub(super) overrides: Policy,
    pub(super) hooks: Hooks<'a, K>,
    pub(super) attribute: A,
}

impl<K: ReturnKind, A> fmt::Debug for Call<'_, K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("site", &self.site).field("key", &self.key).finish_non_exhaustive()
    }
}

impl<'a, K: ReturnKind, A> Call<'a, K, A> {
    pub(super) fn new(site: &'static CallSite, attribute: A) -> Self {
        Call {
            site,
            cache: None,
            condition: true,
            key: None,
            key_by: None,
            tags: Vec::new(),
            tags_by: Vec::new(),
            overrides: Policy::new(),
            hooks: Hooks::default(),
            attribute,
        }
    }

    /// `condition = expr`. It is the first setter: after a `false`, the others make nothing.
    #[must_use]
    pub fn condition(mut self, condition: bool) -> Self {
        self.condition = condition;
        self
    }

    /// `with = expr`
    #[must_use]
    pub fn with(mut self, cache: impl FnOnce() -> Cache) -> Self {
        self.cache = self.condition.then(cache);
        self
    }

    /// `key = "…"` over arguments only, or the default key.
    #[must_use]
    pub fn key<N: Into<Key>>(mut self, key: impl FnOnce() -> N) -> Self {
        self.key = self.condition.then(|| key().into());
        self
    }

    /// `key = "…{ret…}…"`
    #[must_use]
    pub fn key_by<N, F>(mut self, key: impl FnOnce() -> F) -> Self
    where
        N: Into<Key>,
        F: FnOnce(&K::Value) -> N + Send + 'a,
    {
        self.key_by = self.condition.then(|| by_value(key()));
        self
    }

    /// One of `tags = […]` over arguments only.
    #[must_use]
    pub fn tag<N: Into<Tag>>(mut self, tag: impl FnOnce() -> N) -> Self {
        self.tags.extend(self.condition.then(|| tag().into()));
        self
    }

    /// One of `tags = ["…{ret…}…"]`
    #[must_use]
    pub fn tag_by<N, F>(mut self, tag: impl FnOnce() -> F) -> Self
    where
        N: Into<Tag>,
        F: FnOnce(&K::Value) -> N + Send + 'a,
    {
        self.tags_by.extend(self.condition.then(|| by_value(tag())));
        self
    }

    /// `ttl = expr`
    #[must_use]
    pub fn ttl(self, ttl: impl FnOnce() -> Duration) -> Self {
        self.overriding(ttl, Policy::ttl)
    }

    /// `ttl = |v| …`
    #[must_use]
    pub fn ttl_by<F: FnOnce(&K::Value) -> Duration + Send + 'a>(mut self, ttl: F) -> Self {
        self.hooks.ttl_by = Some(Box::new(ttl));
        self
    }

    /// `stale = expr`
    #[must_use]
    pub fn stale(self, stale: impl FnOnce() -> Duration) -> Self {
        self.overriding(stale, Policy::stale)
    }

    /// `none_ttl = …`
    #[must_use]
    pub fn none_ttl(self, none_ttl: impl FnOnce() -> Duration) -> Self
    where
        K: HoldsOption,
    {
        self.overriding(none_ttl, Policy::none_ttl)
    }

    /// `timeout = expr`
    #[must_use]
    pub fn timeout(self, timeout: impl FnOnce() -> Duration) -> Self {
        self.overriding(timeout, Policy::timeout)
    }

    /// `grace = expr`
    #[must_use]
    pub fn grace(self, grace: impl FnOnce() -> Duration) -> Self {
        self.overriding(grace, Policy::grace)
    }

    /// `version = ret…`
    #[must_use]
    pub fn version_by<V: Into<Version>, F: FnOnce(&K::Value) -> V + Send + 'a>(mut self, version: F) -> Self {
        self.hooks.version_by = Some(by_value(version));
        self
    }

    /// `unless = |ret| …`
    #[must_use]
    pub fn unless<F: FnOnce(&K::Value) -> bool + Send + 'a>(mut self, unless: F) -> Self {
        self.hooks.unless = Some(Box::new(unless));
        self
    }

    /// `on_error = "propagate"`
    #[must_use]
    pub fn propagate(mut self) -> Self
    where
        K: HoldsError,
    {
        self.hooks.propagate = Some(K::from_error);
        self
    }

    /// The cache of the call; `None` if the body runs without one.
    pub(super) fn take_cache(&mut self) -> Option<Cache> {
        self.condition.then(|| resolve(self.cache.take())).flatten()
    }

    fn overriding<T>(mut self, value: impl FnOnce() -> T, set: fn(Policy, T) -> Policy) -> Self {
        if self.condition {
            self.overrides = set(self.overrides, value());
        }
        self
    }
}

/// Boxes what is made from the value, in the type that is kept of it.
pub(super) fn by_value<'a, V, N: Into<T>, T>(make: impl FnOnce(&V) -> N + Send + 'a) -> ByValue<'a, V, T> {
    Box::new(|value| make(value).into())
}

/// What the call returns after the body: the cache's error where that is to be propagated.
pub(super) fn returned_or_error<R>(returned: R, cached: Result<()>, propagate: Option<fn(Error) -> R>) -> R {
    match (cached, propagate) {
        (Err(error), Some(propagate)) => propagate(error),
        _ => returned,
    }
}
