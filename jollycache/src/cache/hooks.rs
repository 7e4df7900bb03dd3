//! What one call adds to its policy: decisions over the loaded value, and what a failure becomes.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::return_kind::ReturnKind;
use crate::entry::Version;
use crate::error::Error;

/// What is made from a value, once.
pub(crate) type ByValue<'a, V, T> = Box<dyn FnOnce(&V) -> T + Send + 'a>;

/// The additions of a call that returns a `K`.
pub(crate) struct Hooks<'a, K: ReturnKind> {
    pub(crate) ttl_by: Option<ByValue<'a, K::Value, Duration>>,
    pub(crate) unless: Option<ByValue<'a, K::Value, bool>>,
    pub(crate) version_by: Option<ByValue<'a, K::Value, Version>>,
    pub(crate) sharing: Option<Sharing<K::Return>>,
    pub(crate) propagate: Option<fn(Error) -> K::Return>,
}

impl<K: ReturnKind> Default for Hooks<'_, K> {
    fn default() -> Self {
        Hooks { ttl_by: None, unless: None, version_by: None, sharing: None, propagate: None }
    }
}

/// How a failed load is passed to the calls that waited for it.
pub struct Sharing<R> {
    pub(crate) share: fn(&R) -> Arc<dyn Any + Send + Sync>,
    pub(crate) take: fn(&(dyn Any + Send + Sync)) -> Option<R>,
}

impl<R> fmt::Debug for Sharing<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sharing")
    }
}
