//! `#[cacheable]` at run time.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use super::{HoldsError, HoldsOption, Shape, Sharing, Site};
use crate::Value;
use crate::cache::{Cache, Hooks, ReadThrough, resolve};
use crate::engine::{Ask, TypeOf};
use crate::entry::{Fingerprint, Version};
use crate::key::{Key, Tag};
use crate::policy::Policy;

/// One call of a `#[cacheable]` function, under construction.
pub struct Cacheable<'a, S: Shape> {
    site: &'static Site,
    cache: Option<Cache>,
    key: Option<Key>,
    tags: Vec<Tag>,
    said: Policy,
    condition: bool,
    hooks: Hooks<'a, S>,
}

impl<S: Shape> fmt::Debug for Cacheable<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cacheable").field("site", &self.site).field("key", &self.key).finish_non_exhaustive()
    }
}

impl<'a, S: Shape> Cacheable<'a, S> {
    pub(super) fn new(site: &'static Site) -> Self {
        Cacheable {
            site,
            cache: None,
            key: None,
            tags: Vec::new(),
            said: Policy::new(),
            condition: true,
            hooks: Hooks::default(),
        }
    }

    /// `with = expr`
    #[must_use]
    pub fn with(mut self, cache: impl FnOnce() -> Cache) -> Self {
        self.cache = self.condition.then(cache);
        self
    }

    /// `key = "…"`, or the default key.
    #[must_use]
    pub fn key<K: Into<Key>>(mut self, key: impl FnOnce() -> K) -> Self {
        self.key = self.condition.then(|| key().into());
        self
    }

    /// One of `tags = […]`
    #[must_use]
    pub fn tag<T: Into<Tag>>(mut self, tag: impl FnOnce() -> T) -> Self {
        self.tags.extend(self.condition.then(|| tag().into()));
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
        self.hooks.ttl_by = Some(Box::new(ttl));
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
        self.hooks.version_by = Some(Box::new(|value| version(value).into()));
        self
    }

    /// `unless = |ret| …`
    #[must_use]
    pub fn unless<F: FnOnce(&S::Value) -> bool + Send + 'a>(mut self, unless: F) -> Self {
        self.hooks.unless = Some(Box::new(unless));
        self
    }

    /// How a failure is shared; see [`super::Share`].
    #[must_use]
    pub fn sharing(mut self, sharing: Option<Sharing<S::Return>>) -> Self {
        self.hooks.sharing = sharing;
        self
    }

    /// `on_error = "propagate"`
    #[must_use]
    pub fn propagate(mut self) -> Self
    where
        S: HoldsError,
    {
        self.hooks.propagate = Some(S::from_error);
        self
    }

    /// Returns the cached value, or runs the body.
    ///
    /// Boxed as a whole: one allocation a call buys the annotated function a small future, however deep such
    /// functions call each other.
    pub fn load<F, L>(self, body: F) -> Pin<Box<impl Future<Output = S::Return> + use<'a, S, F, L>>>
    where
        S::Value: Value,
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        Box::pin(async move {
            let Some(cache) = self.condition.then(|| resolve(self.cache)).flatten() else {
                return body().await;
            };
            let key = self.key.unwrap_or_else(|| Key::builder().part(self.site.function()).build());
            let ask = Ask {
                region: self.site.region_name(),
                key: &key,
                tags: &self.tags,
                policies: [&self.said, &self.site.policy],
                type_of: TypeOf { fingerprint: Fingerprint::of::<S::Value>(), schema: self.site.schema },
            };
            ReadThrough::new(cache, &ask, self.hooks).run(body).await
        })
    }
}
