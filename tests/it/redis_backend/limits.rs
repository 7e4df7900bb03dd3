//! A server that rejects commands: full, read-only, with a password. Its errors contain no secret.

use std::time::Duration;

use jollycache::backend::{Backend, Counters, Keyspace, Lease, Lifetimes, Token};
use jollycache::{Error, ErrorKind, RedisBackend};
use jollycache_tests::RedisServer;

use super::{REGION, Store as _, draft, key, leased, request, text, with};

const PASSWORD: &str = "s3cr3t!*$";

fn assert_refused(error: &Error, code: &str) {
    assert_eq!(error.kind(), ErrorKind::Backend, "{error}");
    assert!(error.to_string().contains(code), "{error}");
    assert!(!format!("{error} {error:?}").contains("test:"), "the error contains the key: {error:?}");
}

#[tokio::test]
async fn a_full_server_refuses_values_and_still_invalidates() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let (held, tag) = (key("held"), key("#tag:t"));
    backend.store(&held, &draft("v")).await.unwrap();
    let id = backend.tag_ids(std::slice::from_ref(&tag)).await.unwrap()[0];
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).exec(&mut server.client()).unwrap();

    assert_refused(&backend.store(&key("new"), &draft("v")).await.unwrap_err(), "OOM");
    assert_refused(&backend.lease(request(&key("new"), Token::random())).await.unwrap_err(), "OOM");
    assert_eq!(text(&backend, &held).await.as_deref(), Some("v"));
    let held_count = backend
        .invalidate(std::slice::from_ref(&held), std::slice::from_ref(&tag), std::time::Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(held_count, 1);
    let read = backend.read(&held, std::slice::from_ref(&tag)).await.unwrap();
    assert_eq!(read.entry, None);
    assert_ne!(read.tag_ids, [Some(id)], "the old id is gone");
}

#[tokio::test]
async fn a_server_that_evicts_refuses_only_fills() {
    let Some(server) =
        RedisServer::start_with(&["--maxmemory", "4mb", "--maxmemory-policy", "allkeys-random"])
    else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let big = "x".repeat(20_000);
    let mut stored = 0;
    for index in 0..400 {
        let key = key(&index.to_string());
        let token = leased(&backend, &key).await;
        stored += usize::from(backend.fill(&key, token, &draft(&big), &[]).await.unwrap().stored);
    }
    assert!(stored > 0, "an evicted lease refuses its own fill, not every one");
    let read = backend.scan("test:*", None, 10_000).await.unwrap();
    assert!(read.keys.len() < 400, "some were evicted");
}

#[tokio::test]
async fn a_replica_is_told_by_its_code() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    redis::cmd("REPLICAOF").arg("127.0.0.1").arg(1).exec(&mut server.client()).unwrap();
    assert_refused(&backend.store(&key("a"), &draft("v")).await.unwrap_err(), "READONLY");
    backend.read(&key("a"), &[]).await.unwrap();
}

#[tokio::test]
async fn a_counter_of_another_type_is_told_by_its_code() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let counter = key("#counter:c");
    redis::cmd("RPUSH").arg(counter.as_str()).arg("x").exec(&mut server.client()).unwrap();
    assert_refused(&backend.add(&counter, 1, None).await.unwrap_err(), "WRONGTYPE");
}

#[tokio::test]
async fn a_password_is_used_and_never_shown() {
    let Some(server) = RedisServer::start_with(&["--requirepass", PASSWORD]) else {
        return;
    };
    let builder = RedisBackend::builder(server.url()).password(PASSWORD);
    assert!(!format!("{builder:?}").contains(PASSWORD));
    let backend = builder.build().unwrap();
    backend.store(&key("a"), &draft("v")).await.unwrap();
    backend.watch(&key("a")).await.unwrap();
    assert!(!format!("{backend:?}").contains(PASSWORD));

    let in_url = format!("redis://:s3cr3t!*%24@127.0.0.1:{}", server.port());
    RedisBackend::connect(&in_url).await.unwrap().ping().await.unwrap();
    RedisBackend::builder(server.url())
        .username("default")
        .password(PASSWORD)
        .build()
        .unwrap()
        .ping()
        .await
        .unwrap();
}

#[tokio::test]
async fn wrong_credentials_are_an_error_without_them() {
    let Some(server) = RedisServer::start_with(&["--requirepass", PASSWORD]) else {
        return;
    };
    for builder in [
        RedisBackend::builder(server.url()).password("wr0ng"),
        RedisBackend::builder(server.url()).username("nob0dy").password("wr0ng"),
        RedisBackend::builder(server.url()),
        RedisBackend::builder(format!("redis://nob0dy:wr0ng@127.0.0.1:{}", server.port())),
    ] {
        let backend = builder.build().unwrap();
        let error = backend.ping().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Backend, "{error}");
        let shown = format!("{error} {error:?} {backend:?}");
        assert!(!shown.contains("wr0ng") && !shown.contains("nob0dy"), "{shown}");
    }
}

#[tokio::test]
async fn databases_are_apart() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let in_url = RedisBackend::connect(&format!("{}/3", server.url())).await.unwrap();
    let by_setter = RedisBackend::builder(format!("{}/5", server.url())).database(3).build().unwrap();
    let other = RedisBackend::connect(&server.url()).await.unwrap();
    let key = key("a");
    in_url.store(&key, &draft("v")).await.unwrap();
    assert_eq!(text(&by_setter, &key).await.as_deref(), Some("v"));
    assert_eq!(text(&other, &key).await, None);
    assert_eq!(other.info().await.unwrap().keys, Some(0));
    assert_eq!(in_url.info().await.unwrap().keys, Some(1));
}

#[tokio::test]
async fn a_unix_socket_serves_as_well() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&format!("unix:{}", server.socket().display())).await.unwrap();
    backend.store(&key("a"), &draft("v")).await.unwrap();
    let mut watch = backend.watch(&key("a")).await.unwrap();
    backend.invalidate(&[key("a")], &[], std::time::Duration::ZERO).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.expect("news of the key");
}

#[tokio::test]
async fn any_number_of_connections_serves() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    for connections in [1, 2, 5] {
        let backend = RedisBackend::builder(server.url()).connections(connections).build().unwrap();
        for index in 0..20 {
            let key = key(&index.to_string());
            backend.store(&key, &draft("v")).await.unwrap();
            assert_eq!(text(&backend, &key).await.as_deref(), Some("v"));
        }
    }
}

#[tokio::test]
async fn the_info_is_the_servers() {
    let Some(server) = RedisServer::start_with(&["--maxmemory", "64mb"]) else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    backend.store(&key("a"), &draft("v")).await.unwrap();
    let info = backend.info().await.unwrap();
    assert_eq!(info.backend, "redis");
    assert!(
        info.version
            .as_ref()
            .is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
    );
    assert!(info.used_memory.is_some_and(|bytes| bytes > 100_000));
    assert_eq!(info.max_memory, Some(64 * 1024 * 1024));
    assert_eq!(info.keys, Some(1));
    assert!(info.peak_memory >= info.used_memory.map(|used| used / 2), "{info:?}");
    assert!(info.memory_fragmentation.is_some_and(|ratio| ratio > 0.0), "{info:?}");
    assert_eq!((info.capacity_evictions, info.expired_keys), (Some(0), Some(0)));
    assert!(info.connected_clients.is_some_and(|clients| clients > 0), "{info:?}");
}

#[tokio::test]
async fn a_full_server_still_remembers_what_an_invalidation_says() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let grace = std::time::Duration::from_mins(5);
    let (versioned, intended, tags) = (key("versioned"), key("intended"), [key("#tag:t")]);
    backend.store(&versioned, &with(draft("v"), |draft| draft.version = Some(5.into()))).await.unwrap();
    backend.begin_write(&intended, REGION, Token::random(), grace / 2).await.unwrap();
    backend.close_tags(&tags, Token::random(), grace).await.unwrap();
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).exec(&mut server.client()).unwrap();

    let keys = [versioned, intended];
    assert_eq!(backend.invalidate(&keys, &tags, grace).await.unwrap(), 1);
    for key in &keys {
        let lease = backend.lease(request(key, Token::random())).await.unwrap();
        assert!(matches!(lease, Lease::Bypass { remaining } if remaining > grace / 2), "{key}: {lease:?}");
    }
    backend.invalidate(&[], &tags, std::time::Duration::ZERO).await.unwrap();
    let read = backend.read(&keys[0], &tags).await.unwrap();
    assert_eq!((read.entry, read.tag_ids), (None, vec![None]), "the writer keeps the tag closed");
}

#[tokio::test]
async fn a_full_server_still_takes_a_lease_out_of_a_stale_value() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let (held, token, minute) = (key("held"), Token::random(), std::time::Duration::from_mins(1));
    let loading = leased(&backend, &held).await;
    let stale = with(draft("v"), |draft| (draft.ttl, draft.stale) = (std::time::Duration::ZERO, minute));
    assert!(backend.fill(&held, loading, &stale, &[]).await.unwrap().stored);
    let lease = backend.lease(request(&held, token)).await.unwrap();
    assert!(matches!(lease, Lease::Leased { stale: Some(_) }), "{lease:?}");
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).exec(&mut server.client()).unwrap();

    assert!(backend.release(&held, token).await.unwrap());
    assert_eq!(text(&backend, &held).await.as_deref(), Some("v"), "the value stays");
    assert!(backend.ttl(&held).await.unwrap().is_some_and(|left| left <= minute), "and so does its lifetime");
}
