//! Broken backends, and services that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use http::StatusCode;
use jollycache::http::{ResponseCacheLayer, Route};
use jollycache::{Cache, Key, MemoryBackend, Policy, RedisBackend};
use jollycache_tests::RedisServer;

use super::support::{Down, HOUR, Inner, PUBLIC, layer, respond};
use crate::backends::on_each_backend;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_redis_costs_no_response() {
    let Some(mut server) = RedisServer::start() else { return };
    let backend = RedisBackend::connect(&server.url()).await.expect("connects");
    let policy = Policy::new().timeout(Duration::from_millis(250));
    let cache = Cache::builder().namespace("dead").backend(backend).default_policy(policy).build().unwrap();
    let inner = Inner::counting(&[PUBLIC]);
    let front = inner.behind(&layer(&cache, Route::new()));
    front.get("/").await;
    assert_eq!(front.get("/").await.body, "1");
    server.kill();
    for number in 2..12 {
        let seen = front.get("/").await;
        assert_eq!((seen.status, seen.body), (StatusCode::OK, number.to_string()));
        let status = "jollycache; fwd=bypass; fwd-status=200; ttl=3600; detail=no-lease";
        assert_eq!(seen.headers["cache-status"], status);
    }
    let seen = front.send("POST", "/", &[]).await;
    assert_eq!(seen.status, StatusCode::OK, "its eviction waits for the server");
    server.restart();
    while !cache.is_connected() || cache.stats().pending_invalidations > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    front.get("/").await;
    assert_eq!(front.get("/").await.x_cache(), "HIT");
}

/// Answers with the status that is set, or not at all for zero.
fn moody(control: &'static str) -> (Inner, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(200));
    let set = status.clone();
    let inner = Inner::new(move |_| {
        let status = set.load(Ordering::SeqCst);
        async move {
            if status == 0 {
                return Err(Down);
            }
            let fields: &[_] = if status == 200 { &[("cache-control", control)] } else { &[] };
            let mut response = respond(fields, "good");
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok(response)
        }
    });
    (inner, status)
}

on_each_backend!(a_failure_is_hidden_as_long_as_the_response_allows, |caches| async move {
    let (inner, status) = moody("max-age=1, stale-if-error=60");
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    front.get("/").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for failure in [500, 502, 503, 504, 0] {
        status.store(failure, Ordering::SeqCst);
        let seen = front.get("/").await;
        assert_eq!(
            (seen.status, seen.body.as_str(), seen.x_cache()),
            (StatusCode::OK, "good", "STALE"),
            "{failure}"
        );
    }
    status.store(404, Ordering::SeqCst);
    assert_eq!(front.get("/").await.status, StatusCode::NOT_FOUND, "that is an answer");
});

on_each_backend!(a_failure_is_not_hidden_where_nothing_allows_it, |caches| async move {
    let (inner, status) = moody("max-age=1, must-revalidate, stale-if-error=60");
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    front.get("/").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    status.store(503, Ordering::SeqCst);
    assert_eq!(front.get("/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    status.store(0, Ordering::SeqCst);
    assert_eq!(front.raw("GET", "/", &[]).await.err(), Some(Down));
    status.store(200, Ordering::SeqCst);
    assert_eq!(front.get("/").await.status, StatusCode::OK);
});

on_each_backend!(a_foreign_record_is_a_miss, |caches| async move {
    let cache = caches.new_cache().await;
    let front = Inner::counting(&[HOUR]).behind(&layer(&cache, Route::new()));
    assert_eq!(front.get("/").await.body, "1");
    let key = Key::builder()
        .part("http")
        .literal(":")
        .part("")
        .literal(":")
        .part("/")
        .literal(":")
        .part("")
        .build();
    assert!(cache.evict(&key).await.unwrap(), "that is the key");
    cache.put(&key, &"not a response".to_owned(), &Policy::new()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(front.get("/").await.body, "2");
    }
});

#[tokio::test]
async fn mistakes_are_errors_when_the_layer_is_built() {
    let cache = Cache::builder().namespace("mistakes").backend(MemoryBackend::new()).build().unwrap();
    let built = |set: fn(
        jollycache::http::ResponseCacheLayerBuilder,
    ) -> jollycache::http::ResponseCacheLayerBuilder| {
        set(ResponseCacheLayer::builder(&cache)).build().map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(built(|builder| builder.route("/p/{id}", Route::new().tag("product:{id}"))), Ok(()));
    for (result, part) in [
        (built(|builder| builder.route("/p/{id}", Route::new().tag("p:{it}"))), "no parameter \"it\""),
        (built(|builder| builder.route("/p/{id", Route::new())), "route \"/p/{id\""),
        (built(|builder| builder.route("/p", Route::new()).route("/p", Route::new())), "route \"/p\""),
        (
            built(|builder| builder.route("/p", Route::new().key_header("a b"))),
            "\"a b\" is not the name of a field",
        ),
        (built(|builder| builder.route("/p", Route::new().ttl(Duration::ZERO))), "expected at least 1 s"),
        (built(|builder| builder.max_body_bytes(0)), "max_body_bytes is 0: expected 1 to"),
        (built(|builder| builder.max_body_bytes(usize::MAX)), "max_value_bytes is 8388608"),
        (built(|builder| builder.name("two words")), "name is \"two words\""),
        (built(|builder| builder.strip_unkeyed(["\n"])), "strip_unkeyed"),
    ] {
        let error = result.expect_err(part);
        assert!(error.contains(part), "{error}");
    }
}
