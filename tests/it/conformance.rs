//! The conformance suite on every backend.

use std::sync::Arc;

use jollycache::test_util::conformance;
use jollycache::{MemoryBackend, RedisBackend};
use jollycache_tests::RedisServer;

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
