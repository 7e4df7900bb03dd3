//! The store of `tower-sessions`, under its own layer, on two processes.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use jollycache::session::TowerSessionStore;
use jollycache::{Cache, RedisBackend};
use jollycache_tests::RedisServer;
use tower::ServiceExt;
use tower_sessions::session::{Id, Record};
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};

use super::dump;
use super::encryption::keyring;
use crate::backends::{Caches, on_each_backend};

async fn visit(session: Session) -> String {
    let visits = session.get::<u64>("visits").await.unwrap().unwrap_or(0) + 1;
    session.insert("visits", visits).await.unwrap();
    visits.to_string()
}

/// A service of one process.
async fn service(caches: &Caches) -> Router {
    let store = TowerSessionStore::encrypted(caches.new_cache().await, keyring("a", 1)).unwrap();
    let layer = SessionManagerLayer::new(store)
        .with_expiry(Expiry::OnInactivity(tower_sessions::cookie::time::Duration::minutes(10)));
    Router::new()
        .route("/visit", get(visit))
        .route("/login", post(|session: Session| async move { session.cycle_id().await.unwrap() }))
        .route("/logout", post(|session: Session| async move { session.flush().await.unwrap() }))
        .layer(layer)
}

/// Sends a request; returns the status, the body, and the cookie if one was set.
async fn send(
    service: &Router,
    method: &str,
    path: &str,
    cookie: &str,
) -> (StatusCode, String, Option<String>) {
    let request = Request::builder().method(method).uri(path).header(COOKIE, cookie);
    let response = service.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let set = response.headers().get(SET_COOKIE).map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let set = set.map(|set| set.split(';').next().unwrap().to_owned());
    (status, String::from_utf8(body.to_vec()).unwrap(), set)
}

on_each_backend!(a_session_of_the_layer_works_on_both_of_two_processes, |caches| async move {
    let (one, other) = (service(&caches).await, service(&caches).await);
    let (_, first, cookie) = send(&one, "GET", "/visit", "").await;
    let cookie = cookie.expect("a new session sets its cookie");
    assert_eq!(first, "1");
    assert_eq!(send(&other, "GET", "/visit", &cookie).await.1, "2");
    assert_eq!(send(&one, "GET", "/visit", &cookie).await.1, "3");

    let (status, _, cycled) = send(&other, "POST", "/login", &cookie).await;
    let cycled = cycled.expect("a new id");
    assert_eq!(status, StatusCode::OK);
    assert_ne!(cycled, cookie);
    assert_eq!(send(&one, "GET", "/visit", &cookie).await.1, "1", "the old id is a stranger's");
    assert_eq!(send(&one, "GET", "/visit", &cycled).await.1, "4");

    assert_eq!(send(&one, "POST", "/logout", &cycled).await.0, StatusCode::OK);
    assert_eq!(send(&other, "GET", "/visit", &cycled).await.1, "1");
    for garbage in ["id=", "id=*", "id=AAAAAAAAAAAAAAAAAAAAAA", "id=é", "other=1"] {
        assert_eq!(send(&one, "GET", "/visit", garbage).await.1, "1", "{garbage}");
    }
    if let Caches::Redis(server) = &caches {
        let (_, _, cookie) = send(&one, "GET", "/visit", "").await;
        let held = dump(server);
        assert!(!held.contains(cookie.unwrap().trim_start_matches("id=")) && !held.contains("visits"));
    }
});

/// A record that ends `after` from now, with one field.
fn record(id: i128, field: &str, after: Duration) -> Record {
    let data = [(field.to_owned(), 1.into())].into_iter().collect();
    let expiry_date = tower_sessions::cookie::time::OffsetDateTime::now_utc() + after;
    Record { id: Id(id), data, expiry_date }
}

on_each_backend!(the_stores_contract_holds, |caches| async move {
    let store = TowerSessionStore::new(caches.new_cache().await).unwrap();
    let other = TowerSessionStore::new(caches.new_cache().await).unwrap();
    let hour = Duration::from_hours(1);
    let mut first = record(7, "first", hour);
    store.create(&mut first).await.unwrap();
    assert_eq!((first.id, other.load(&Id(7)).await.unwrap()), (Id(7), Some(first.clone())));

    let mut second = record(7, "second", hour);
    other.create(&mut second).await.unwrap();
    assert_ne!(second.id, Id(7), "that id was taken");
    assert_eq!(store.load(&Id(7)).await.unwrap(), Some(first.clone()));
    assert_eq!(store.load(&second.id).await.unwrap(), Some(second));

    let changed = record(7, "changed", hour);
    other.save(&changed).await.unwrap();
    assert_eq!(store.load(&Id(7)).await.unwrap(), Some(changed.clone()));
    store.delete(&Id(7)).await.unwrap();
    other.save(&changed).await.unwrap();
    assert_eq!(store.load(&Id(7)).await.unwrap(), None, "a late save brings nothing back");
    store.delete(&Id(7)).await.unwrap();

    store.create(&mut record(8, "brief", Duration::from_millis(200))).await.unwrap();
    let start = tokio::time::Instant::now();
    while other.load(&Id(8)).await.unwrap().is_some() {
        assert!(start.elapsed() < crate::sessions::PATIENCE, "it does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    store.create(&mut record(9, "over", hour)).await.unwrap();
    let mut over = record(9, "over", Duration::ZERO);
    over.expiry_date -= hour;
    store.save(&over).await.unwrap();
    assert_eq!(other.load(&Id(9)).await.unwrap(), None);

    let store = store.max_bytes(64);
    let error = store.create(&mut record(10, &"x".repeat(64), hour)).await.unwrap_err();
    assert!(error.to_string().contains("the limit is 64"), "{error}");
    assert_eq!(other.load(&Id(10)).await.unwrap(), None);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_is_an_error_of_the_store() {
    let Some(mut server) = RedisServer::start() else { return };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let store =
        TowerSessionStore::new(Cache::builder().namespace("it").backend(backend).build().unwrap()).unwrap();
    server.kill();
    store.load(&Id(1)).await.unwrap_err();
    store.create(&mut record(1, "x", Duration::from_mins(1))).await.unwrap_err();
    store.save(&record(1, "x", Duration::from_mins(1))).await.unwrap_err();
    store.delete(&Id(1)).await.unwrap_err();
}
