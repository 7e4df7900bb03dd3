//! A server that starts from a dump: what had been evicted after the dump was made is back, and is not believed.

use std::sync::Arc;
use std::time::Duration;

use jollycache::backend::{Backend, LockAnswer, Locks, Selection, TagStamp, Token, WriteEnd};
use jollycache::key::StoredKey;
use jollycache::{Cache, ErrorKind, Policy, RedisBackend};
use jollycache_tests::{Gate, RedisServer};

use super::{LONG, REGION, Store as _, draft, key, leased, text, until_ok, with};

/// What is there when the dump is made, and has ended when the server is killed.
struct Dumped {
    value: StoredKey,
    tag: StoredKey,
    tag_id: Token,
    leased: StoredKey,
    lease: Token,
    announced: StoredKey,
    writer: Token,
}

async fn dump(server: &RedisServer, backend: &RedisBackend) -> Dumped {
    let dumped = Dumped {
        value: key("value"),
        tag: key("#tag:t"),
        tag_id: backend.tag_ids(&[key("#tag:t")]).await.unwrap()[0],
        leased: key("leased"),
        lease: leased(backend, &key("leased")).await,
        announced: key("announced"),
        writer: Token::random(),
    };
    let tags = vec![TagStamp { name: "t".into(), id: dumped.tag_id }];
    assert!(backend.store(&dumped.value, &with(draft("old"), |draft| draft.tags = tags)).await.unwrap());
    backend.begin_write(&dumped.announced, REGION, dumped.writer, LONG).await.unwrap();
    server.save();
    let keys = [dumped.value.clone(), dumped.leased.clone()];
    backend.invalidate(&keys, std::slice::from_ref(&dumped.tag), Duration::ZERO).await.unwrap();
    backend.begin_write(&dumped.announced, REGION, Token::random(), LONG).await.unwrap();
    dumped
}

async fn restart(server: &mut RedisServer, backend: &RedisBackend) {
    server.restart();
    until_ok("service after the restart", async || backend.ping().await).await;
}

async fn assert_nothing_is_admitted(backend: &RedisBackend, dumped: &Dumped) {
    let filled = backend.fill(&dumped.leased, dumped.lease, &draft("overtaken"), &[]).await.unwrap();
    assert!(!filled.stored, "the lease had been dropped by an eviction");
    let draft = draft("of two writers");
    let stored = backend.end_write(&dumped.announced, dumped.writer, WriteEnd::Put(&draft)).await.unwrap();
    assert!(!stored, "another writer had come in between");
}

#[tokio::test]
async fn what_was_evicted_after_the_dump_is_not_served_again() {
    let Some(mut server) = RedisServer::start() else { return };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let dumped = dump(&server, &backend).await;
    restart(&mut server, &backend).await;
    let read = backend.read(&dumped.value, std::slice::from_ref(&dumped.tag)).await.unwrap();
    assert_eq!((read.entry, read.tag_ids), (None, vec![None]));
    assert_ne!(backend.tag_ids(std::slice::from_ref(&dumped.tag)).await.unwrap(), [dumped.tag_id]);
    assert_nothing_is_admitted(&backend, &dumped).await;
    assert!(backend.store(&dumped.value, &draft("new")).await.unwrap());
    assert_eq!(text(&backend, &dumped.value).await.as_deref(), Some("new"));
}

#[tokio::test]
async fn where_restarts_are_trusted_the_cache_is_warm_and_nothing_overtaken_is_stored() {
    let Some(mut server) = RedisServer::start() else { return };
    let backend = RedisBackend::builder(server.url()).trust_restarts(true).build().unwrap();
    let dumped = dump(&server, &backend).await;
    restart(&mut server, &backend).await;
    let read = backend.read(&dumped.value, std::slice::from_ref(&dumped.tag)).await.unwrap();
    assert_eq!(read.entry.map(|entry| entry.payload), Some("old".into()));
    assert_eq!(read.tag_ids, [Some(dumped.tag_id)]);
    assert_eq!(backend.tag_ids(std::slice::from_ref(&dumped.tag)).await.unwrap(), [dumped.tag_id]);
    assert_nothing_is_admitted(&backend, &dumped).await;
    // What is evicted from now on is gone.
    backend.invalidate(std::slice::from_ref(&dumped.value), &[dumped.tag], Duration::ZERO).await.unwrap();
    assert_eq!(text(&backend, &dumped.value).await, None);
}

#[tokio::test]
async fn what_is_believed_to_be_gone_is_gone_for_those_who_trust_restarts_too() {
    let Some(mut server) = RedisServer::start() else { return };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let trusting = RedisBackend::builder(server.url()).trust_restarts(true).build().unwrap();
    let dumped = dump(&server, &backend).await;
    backend.store(&key("swept"), &draft("old")).await.unwrap();
    server.save();
    restart(&mut server, &backend).await;
    until_ok("service for the other", async || trusting.ping().await).await;
    backend.invalidate(std::slice::from_ref(&dumped.value), &[], Duration::ZERO).await.unwrap();
    let selection = Selection::new("test:swept", Some(REGION), Duration::ZERO);
    backend.invalidate_matching(selection).await.unwrap();
    for gone in [dumped.value, key("swept")] {
        assert_eq!(text(&trusting, &gone).await, None, "{gone}");
    }
}

#[tokio::test]
async fn a_resurrected_lock_stays_its_owners_and_the_next_fence_is_greater() {
    let Some(mut server) = RedisServer::start() else { return };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let (lock, first, second) = (key("#lock:a"), Token::random(), Token::random());
    backend.lock(&lock, first, LONG).await.unwrap();
    server.save();
    backend.unlock(&lock, first).await.unwrap();
    let LockAnswer::Locked { fence } = backend.lock(&lock, second, LONG).await.unwrap() else {
        panic!("it was given back");
    };
    restart(&mut server, &backend).await;
    // The second one's is lost, as by memory pressure, and its watchdog notices that.
    assert!(!backend.extend_lock(&lock, second, LONG).await.unwrap());
    let third = backend.lock(&lock, Token::random(), LONG).await.unwrap();
    assert!(matches!(third, LockAnswer::Held { .. }), "the first one may believe to have it still");
    backend.unlock(&lock, first).await.unwrap();
    let next = backend.lock(&lock, Token::random(), LONG).await.unwrap();
    assert!(matches!(next, LockAnswer::Locked { fence: next } if next > fence), "{next:?} after {fence}");
}

/// A server that allows everything but INFO.
fn without_info() -> Option<RedisServer> {
    let server = RedisServer::start()?;
    redis::cmd("ACL").arg(&["SETUSER", "default", "-info"]).exec(&mut server.client()).unwrap();
    Some(server)
}

#[tokio::test]
async fn a_server_that_does_not_tell_its_run_is_not_used() {
    let Some(server) = without_info() else { return };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let error = backend.ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Backend);
    assert!(error.to_string().contains("trust_restarts"), "it says what can be done: {error}");
}

#[tokio::test]
async fn a_server_that_does_not_tell_its_run_serves_those_who_trust_restarts() {
    let Some(mut server) = without_info() else { return };
    let backend = RedisBackend::builder(server.url()).trust_restarts(true).build().unwrap();
    let other = RedisBackend::builder(server.url()).trust_restarts(true).build().unwrap();
    let dumped = dump(&server, &backend).await;
    backend.store(&key("a"), &draft("v")).await.unwrap();
    assert_eq!(text(&other, &key("a")).await.as_deref(), Some("v"));
    server.save();
    restart(&mut server, &backend).await;
    assert_nothing_is_admitted(&backend, &dumped).await;
}

#[jollycache::cache_put(with = cache, key = "late:{ret}", ttl = "1h")]
async fn late(cache: &Cache, gate: &Gate) -> u64 {
    gate.pass().await;
    7
}

/// The id of all writes is in the dump too, so that later writes leave no trace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_under_a_late_key_over_a_restart_is_refused_also_where_restarts_are_trusted() {
    let Some(mut server) = RedisServer::start() else { return };
    let backend = RedisBackend::builder(server.url()).trust_restarts(true).build().unwrap();
    let backend: Arc<dyn Backend> = Arc::new(backend);
    let policy = Policy::new().timeout(Duration::from_secs(5));
    let cache = Cache::builder().namespace("late").shared_backend(Arc::clone(&backend));
    let cache = cache.default_policy(policy).build().unwrap();
    for restarts in [false, true] {
        let gate = Gate::new();
        let put = tokio::spawn({
            let (cache, gate) = (cache.clone(), gate.clone());
            async move { late(&cache, &gate).await }
        });
        gate.reached().await;
        if restarts {
            server.save();
            cache.evict("late:7").await.unwrap();
            server.restart();
            until_ok("service after the restart", async || backend.ping().await).await;
        }
        gate.open();
        put.await.unwrap();
        assert_eq!(cache.get::<u64>("late:7").await.unwrap(), (!restarts).then_some(7));
    }
}
