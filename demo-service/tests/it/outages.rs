//! Outages of the cache and of the store.

use std::sync::Arc;

use demo_service::app::cache;
use demo_service::config::{Config, MongoUri};
use demo_service::infrastructure::{EmbeddedProductRepository, MongoProductRepository};
use jollycache_tests::ports::free_port;
use serde_json::json;

use crate::support::{Stack, TestApp};

#[tokio::test]
async fn without_its_store_the_service_is_unavailable_and_still_serves_what_is_cached() {
    let app = Stack::embedded().app().await;
    let flight = app.add("Lisbon", "Flights").await;
    let path = TestApp::path(&flight);
    app.get("/api/products").await.data(200);
    app.repository.set_down(true);
    assert_eq!(app.get(&path).await.data(200), flight);
    app.get("/api/products").await.data(200);

    let health = app.get("/health").await;
    assert_eq!(health.status, 503);
    assert_eq!(health.json()["data"]["status"], "unavailable");
    let body = json!({ "name": "n", "price": 1, "stock": 1, "category": "c" });
    for reply in [
        app.get("/api/products?page=2").await,
        app.get("/api/products/count").await,
        app.get("/api/products/64b7f0a1c2d3e4f506172839").await,
        app.send_json("POST", "/api/products", &body).await,
        app.send_json("PUT", &path, &json!({ "stock": 1 })).await,
        app.send("PATCH", &format!("{path}/wishlist")).await,
        app.send("DELETE", &path).await,
    ] {
        let error = reply.error(503, "repository_unavailable");
        assert_eq!(error, "the product repository is unavailable");
    }
    app.repository.set_down(false);
    app.get("/api/products?page=2").await.data(200);
    assert_eq!(app.get("/health").await.data(200)["status"], "ok");
}

#[tokio::test]
async fn without_redis_everything_works_uncached() {
    let url = format!("redis://127.0.0.1:{}", free_port().unwrap());
    let config = Config::read(|name| (name == "REDIS_URL").then(|| url.clone())).unwrap();
    let repository = Arc::new(EmbeddedProductRepository::default());
    let app = TestApp::start(cache(&config).unwrap(), repository).await;
    let path = TestApp::path(&app.add("Lisbon", "Flights").await);
    for stock in 0..3 {
        app.send_json("PUT", &path, &json!({ "stock": stock })).await.data(200);
        assert_eq!(app.get(&path).await.data(200)["stock"], stock);
        assert_eq!(app.get("/api/products").await.data(200)["products"][0]["stock"], stock);
    }
    let health = app.get("/health").await.data(200);
    assert_eq!((&health["status"], &health["cache"]["connected"]), (&json!("degraded"), &json!(false)));
    assert_eq!(health["cache"]["pingMs"], json!(null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_old_is_served_after_redis_restarts() {
    let Some(mut stack) = Stack::servers().await else { return };
    let app = stack.app().await;
    let path = TestApp::path(&app.add("Lisbon", "Flights").await);
    app.get("/api/products").await.data(200);
    stack.redis.as_mut().unwrap().kill();
    app.send_json("PUT", &path, &json!({ "stock": 41 })).await.data(200);
    assert_eq!(app.get(&path).await.data(200)["stock"], 41);
    stack.redis.as_mut().unwrap().restart();
    for stock in [42, 43] {
        app.send_json("PUT", &path, &json!({ "stock": stock })).await.data(200);
        assert_eq!(app.get(&path).await.data(200)["stock"], stock);
        assert_eq!(app.get("/api/products").await.data(200)["products"][0]["stock"], stock);
    }
}

#[tokio::test]
async fn without_mongodb_every_request_is_answered_with_503() {
    let uri = format!("mongodb://127.0.0.1:{}/shop?serverSelectionTimeoutMS=100", free_port().unwrap());
    let repository = MongoProductRepository::new(&MongoUri::new(&uri).unwrap()).await.unwrap();
    let cache = cache(&Config::read(|_| None).unwrap()).unwrap();
    let app = TestApp::start(cache, Arc::new(repository)).await;
    for path in ["/api/products", "/api/products/count", "/api/products/64b7f0a1c2d3e4f506172839"] {
        app.get(path).await.error(503, "repository_unavailable");
    }
    assert_eq!(app.get("/health").await.status, 503);
}

#[tokio::test]
async fn a_service_ends_at_the_signal_to_stop() {
    let app = Stack::embedded().app().await;
    app.get("/health").await.data(200);
    app.stop().await.unwrap();
}
