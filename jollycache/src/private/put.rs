//! `#[cache_put]` at run time.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::{HoldsError, HoldsOption, Shape, Site};
use crate::cache::Cache;
use crate::key::{Key, Tag};

/// One call of a `#[cache_put]` function, under construction.
pub struct Put<'a, S: Shape> {
    site: &'static Site,
    shape: PhantomData<fn(&'a ()) -> S>,
}

impl<S: Shape> fmt::Debug for Put<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl<'a, S: Shape> Put<'a, S> {
    pub(super) fn new(site: &'static Site) -> Self {
        Put {
            site,
            shape: PhantomData,
        }
    }

    /// `with = expr`
    #[must_use]
    pub fn with(self, _cache: &Cache) -> Self {
        self
    }

    /// `key = "…"` over arguments only
    #[must_use]
    pub fn key(self, _key: impl Into<Key>) -> Self {
        self
    }

    /// `key = "…{ret…}…"`
    #[must_use]
    pub fn key_by<K: Into<Key>, F: FnOnce(&S::Value) -> K + Send + 'a>(self, _key: F) -> Self {
        self
    }

    /// One of `tags = […]` over arguments only
    #[must_use]
    pub fn tag(self, _tag: impl Into<Tag>) -> Self {
        self
    }

    /// One of `tags = ["…{ret…}…"]`
    #[must_use]
    pub fn tag_by<K: Into<Tag>, F: FnOnce(&S::Value) -> K + Send + 'a>(self, _tag: F) -> Self {
        self
    }

    /// `ttl = expr`
    #[must_use]
    pub fn ttl(self, _ttl: Duration) -> Self {
        self
    }

    /// `ttl = |v| …`
    #[must_use]
    pub fn ttl_by<F: FnOnce(&S::Value) -> Duration + Send + 'a>(self, _ttl: F) -> Self {
        self
    }

    /// `stale = expr`
    #[must_use]
    pub fn stale(self, _stale: Duration) -> Self {
        self
    }

    /// `none_ttl = …`
    #[must_use]
    pub fn none_ttl(self, _none_ttl: Duration) -> Self
    where
        S: HoldsOption,
    {
        self
    }

    /// `timeout = expr`
    #[must_use]
    pub fn timeout(self, _timeout: Duration) -> Self {
        self
    }

    /// `condition = expr`
    #[must_use]
    pub fn condition(self, _condition: bool) -> Self {
        self
    }

    /// `unless = |ret| …`
    #[must_use]
    pub fn unless<F: FnOnce(&S::Value) -> bool + Send + 'a>(self, _unless: F) -> Self {
        self
    }

    /// `on_error = "propagate"`
    #[must_use]
    pub fn propagate(self) -> Self
    where
        S: HoldsError,
    {
        self
    }

    /// Runs the body, and stores what it returns.
    pub async fn run<F, L>(self, body: F) -> S::Return
    where
        S::Value: crate::Value,
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        body().await
    }
}
