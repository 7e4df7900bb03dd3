//! The conformance suite on every backend.

use std::sync::Arc;

use jollycache::backend::{Backend, Capability};
use jollycache::test_util::conformance;
use jollycache::{MemoryBackend, RedisBackend};
use jollycache_tests::{CoreBackend, RedisServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_the_contract() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    conformance::run_all(Arc::new(backend)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_the_contract() {
    conformance::run_all(Arc::new(MemoryBackend::new())).await;
}

/// How many cases apply to `backend`.
fn applying(backend: &dyn Backend) -> usize {
    conformance::cases().iter().filter(|case| case.applies_to(backend)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_of_the_core_only_keeps_the_contract() {
    let backend = CoreBackend::over(Arc::new(MemoryBackend::new()));
    for capability in Capability::ALL {
        assert!(!(&backend as &dyn Backend).supports(capability), "{capability}");
    }
    let (all, of_core) = (applying(&MemoryBackend::new()), applying(&backend));
    assert_eq!(all, conformance::cases().len(), "the memory has every capability");
    assert!(of_core > 100 && of_core < all, "{of_core} of {all} cases are about the core");
    conformance::run_all(Arc::new(backend)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_defaults_over_a_keyspace_keep_the_contract() {
    conformance::run_all(Arc::new(CoreBackend::with_keyspace(Arc::new(MemoryBackend::new())))).await;
}

#[expect(dead_code, reason = "its `main`")]
#[path = "../../jollycache/examples/custom_backend.rs"]
mod custom_backend;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_backend_of_the_example_keeps_the_contract() {
    conformance::run_all(Arc::new(custom_backend::MapBackend::default())).await;
}
