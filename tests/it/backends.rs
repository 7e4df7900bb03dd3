//! One test on each backend.

use std::sync::Arc;

use jollycache::backend::Backend;
use jollycache::{Cache, MemoryBackend, Policy};

/// Makes caches that share one store, as processes do.
pub(crate) struct Caches {
    namespace: String,
    memory: Arc<MemoryBackend>,
}

impl Caches {
    pub(crate) async fn memory() -> Option<Self> {
        Some(Caches { namespace: "it:memory".to_owned(), memory: Arc::new(MemoryBackend::new()) })
    }

    /// A further cache on the same store, with flights, a breaker and connections of its own.
    pub(crate) async fn new_cache(&self) -> Cache {
        self.build(Policy::new())
    }

    fn build(&self, policy: Policy) -> Cache {
        let backend: Arc<dyn Backend> = self.memory.clone();
        let builder = Cache::builder().namespace(&self.namespace).shared_backend(backend);
        builder.default_policy(policy).build().expect("the settings are right")
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
                if let Some(caches) = $crate::backends::Caches::memory().await {
                    case(caches).await;
                }
            }
        }
    };
}

pub(crate) use on_each_backend;
