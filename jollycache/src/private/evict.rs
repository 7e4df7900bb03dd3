//! `#[cache_evict]` at run time.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::{HoldsError, Shape, Site};
use crate::cache::Cache;
use crate::key::{Key, Pattern, Tag};

/// One call of a `#[cache_evict]` function, under construction.
pub struct Evict<'a, S: Shape> {
    site: &'static Site,
    shape: PhantomData<fn(&'a ()) -> S>,
}

impl<S: Shape> fmt::Debug for Evict<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evict")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl<'a, S: Shape> Evict<'a, S> {
    pub(super) fn new(site: &'static Site) -> Self {
        Evict {
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

    /// `pattern = "…"` over arguments only
    #[must_use]
    pub fn pattern(self, _pattern: Pattern) -> Self {
        self
    }

    /// `pattern = "…{ret…}…"`
    #[must_use]
    pub fn pattern_by<F: FnOnce(&S::Value) -> Pattern + Send + 'a>(self, _pattern: F) -> Self {
        self
    }

    /// `all`
    #[must_use]
    pub fn all(self) -> Self {
        self
    }

    /// `when = "before"`
    #[must_use]
    pub fn before(self) -> Self {
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

    /// Runs the body, and evicts.
    pub async fn run<F, L>(self, body: F) -> S::Return
    where
        F: FnOnce() -> L,
        L: Future<Output = S::Return>,
    {
        body().await
    }
}
