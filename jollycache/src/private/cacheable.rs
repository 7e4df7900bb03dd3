//! `#[cacheable]` at run time.

use std::fmt;
use std::time::Duration;

use super::{HoldsError, HoldsOption, Shape, Sharing, Site};
use crate::cache::{Cache, Hooks, ReadThrough, resolve};
use crate::engine::{Ask, TypeOf};
use crate::entry::Fingerprint;
use crate::key::{Key, Tag};
use crate::policy::Policy;

/// One call of a `#[cacheable]` function, under construction.
pub struct Cacheable<'a, S: Shape> {
    site: &'static Site,
    cache: Option<Cache>,
    key: Option<Key>,
    tags: Vec<Tag>,
    ttl: Option<Duration>,
    stale: Option<Duration>,
    none_ttl: Option<Duration>,
    timeout: Option<Duration>,
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
            ttl: None,
            stale: None,
            none_ttl: None,
            timeout: None,
            condition: true,
            hooks: Hooks::default(),
        }
    }

    /// `with = expr`
    #[must_use]
    pub fn with(mut self, cache: &Cache) -> Self {
        self.cache = Some(cache.clone());
        self
    }

    /// `key = "…"`, or the default key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Key>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// One of `tags = […]`
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// `ttl = expr`
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
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
    pub fn stale(mut self, stale: Duration) -> Self {
        self.stale = Some(stale);
        self
    }

    /// `none_ttl = …`
    #[must_use]
    pub fn none_ttl(mut self, none_ttl: Duration) -> Self
    where
        S: HoldsOption,
    {
        self.none_ttl = Some(none_ttl);
        self
    }

    /// `timeout = expr`
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
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
    pub async fn load<F, L>(self, body: F) -> S::Return
    where
        S::Value: crate::Value,
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        let Some(cache) = self.condition.then(|| resolve(self.cache)).flatten() else {
            return body().await;
        };
        let key = self.key.unwrap_or_else(|| Key::builder().part(self.site.region_name()).build());
        let said = Policy {
            ttl: self.ttl,
            stale: self.stale,
            none_ttl: self.none_ttl,
            timeout: self.timeout,
            ..Policy::default()
        };
        let ask = Ask {
            region: self.site.region_name(),
            key: &key,
            tags: &self.tags,
            policies: [&said, &self.site.policy],
            type_of: TypeOf { fingerprint: Fingerprint::of::<S::Value>(), schema: self.site.schema },
        };
        ReadThrough::new(cache, &ask, self.hooks).run(body).await
    }
}
