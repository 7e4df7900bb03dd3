//! One test on each backend.

use std::sync::Arc;
use std::time::Duration;

use jollycache::backend::Backend;
use jollycache::{Cache, CacheBuilder, MemoryBackend, Policy, RedisBackend};
use jollycache_tests::RedisServer;

/// Long enough for a loaded test machine: a test of a race must not come out of it by a timeout.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Makes caches that share one store, as processes do.
pub(crate) enum Caches {
    Memory(Arc<MemoryBackend>),
    Redis(RedisServer),
}

impl Caches {
    #[allow(clippy::unnecessary_wraps, reason = "as for a server, which may be missing")]
    pub(crate) fn memory() -> Option<Self> {
        Some(Caches::Memory(Arc::new(MemoryBackend::new())))
    }

    pub(crate) fn redis() -> Option<Self> {
        RedisServer::start().map(Caches::Redis)
    }

    /// The store, by a further handle.
    pub(crate) async fn backend(&self) -> Arc<dyn Backend> {
        match self {
            Caches::Memory(store) => store.clone(),
            Caches::Redis(server) => {
                Arc::new(RedisBackend::connect(&server.url()).await.expect("the URL is right"))
            }
        }
    }

    /// A further cache on the same store, with flights, a breaker and connections of its own.
    pub(crate) async fn new_cache(&self) -> Cache {
        self.new_cache_with(|builder| builder).await
    }

    /// As [`Caches::new_cache`], with further settings.
    pub(crate) async fn new_cache_with(&self, set: impl FnOnce(CacheBuilder) -> CacheBuilder) -> Cache {
        let builder = Cache::builder().namespace("it").shared_backend(self.backend().await);
        set(builder.default_policy(Policy::new().timeout(TIMEOUT))).build().expect("the settings are right")
    }
}

/// Writes a test for each backend. Where a server is missing, the fixture says so and the test is skipped, or
/// fails under CI.
macro_rules! on_each_backend {
    ($name:ident, |$caches:ident| $body:expr) => {
        mod $name {
            use super::*;

            async fn case($caches: $crate::backends::Caches) {
                $body.await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                if let Some(caches) = $crate::backends::Caches::memory() {
                    case(caches).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                if let Some(caches) = $crate::backends::Caches::redis() {
                    case(caches).await;
                }
            }
        }
    };
}

pub(crate) use on_each_backend;
