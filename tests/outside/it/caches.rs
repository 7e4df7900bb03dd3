//! Caches as the tests want them.

use std::time::Duration;

use jollycache::backend::Backend;
use jollycache::{Cache, Policy};

/// A policy that no slow machine makes miss.
pub(crate) fn patience() -> Policy {
    Policy::new().timeout(Duration::from_secs(20)).ttl(Duration::from_hours(1))
}

/// A cache that waits for its backend for long: for tests that are not about time.
pub(crate) fn patient(namespace: &str, backend: impl Backend) -> Cache {
    Cache::builder()
        .namespace(namespace)
        .backend(backend)
        .default_policy(patience())
        .build()
        .expect("a cache")
}
