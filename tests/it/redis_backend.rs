//! `RedisBackend` on a real server: what is Redis' own, beside the conformance suite.

use std::time::Duration;

use jollycache::RedisBackend;
use jollycache::backend::{Backend, Lease, LeaseRequest};
use jollycache::entry::{RegionId, Token};
use jollycache::key::StoredKey;
use jollycache_tests::RedisServer;

#[tokio::test]
async fn smoke() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let key = StoredKey::found("ns:a");
    let request = LeaseRequest {
        key: &key,
        region: RegionId(1),
        token: Token::random(),
        ttl: Duration::from_secs(5),
        live_tags: &[],
        replace: false,
    };
    assert_eq!(backend.lease(request.clone()).await.unwrap(), Lease::Leased { stale: None });
    assert!(matches!(backend.lease(request).await.unwrap(), Lease::Wait { stale: None, .. }));
    eprintln!("{:?}", backend.info().await);
}
