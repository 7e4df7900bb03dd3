//! `GET /api/catalogue`: one response for all clients, until a write changes it.

use serde_json::{Value, json};

use crate::support::{Reply, Stack, TestApp, on_both_stacks, request_with};

on_both_stacks!(
    it_is_made_once_and_served_to_all,
    every_write_that_changes_it_evicts_it,
    a_conditional_request_is_answered_with_304,
    a_write_evicts_it_on_both_of_two_processes,
    it_is_served_stale_while_the_store_is_away,
);

const PATH: &str = "/api/catalogue";

fn names(reply: &Reply) -> Vec<String> {
    let data = reply.data(200);
    let products = data["products"].as_array().unwrap();
    products.iter().map(|product| product["name"].as_str().unwrap().to_owned()).collect()
}

fn x_cache(reply: &Reply) -> &str {
    reply.headers["x-cache"].to_str().unwrap()
}

async fn it_is_made_once_and_served_to_all(stack: Stack) {
    let app = stack.app().await;
    app.add("Lisbon", "Flights").await;
    let first = app.get(PATH).await;
    assert_eq!((names(&first), x_cache(&first)), (vec!["Lisbon".to_owned()], "MISS"));
    assert_eq!(first.headers["cache-control"], "public, max-age=30, stale-while-revalidate=60");
    app.calls();
    // Other parameters create no other entry.
    for path in [PATH, "/api/catalogue?utm_source=mail", "/api/catalogue?page=2"] {
        let reply = app.get(path).await;
        assert_eq!((names(&reply), x_cache(&reply)), (vec!["Lisbon".to_owned()], "HIT"), "{path}");
        assert_eq!(reply.text, first.text);
        assert_ne!(reply.headers["x-request-id"], first.headers["x-request-id"]);
    }
    assert_eq!(app.calls(), [""; 0]);
}

async fn every_write_that_changes_it_evicts_it(stack: Stack) {
    let app = stack.app().await;
    let flight = app.add("Lisbon", "Flights").await;
    let path = TestApp::path(&flight);
    let is = async |wanted: &[&str]| {
        assert_eq!(names(&app.get(PATH).await), wanted);
        assert_eq!(x_cache(&app.get(PATH).await), "HIT");
    };
    is(&["Lisbon"]).await;
    app.send_json("PUT", &path, &json!({ "name": "Porto" })).await.data(200);
    is(&["Porto"]).await;
    app.send("PATCH", &format!("{path}/wishlist")).await.data(200);
    assert_eq!(app.get(PATH).await.data(200)["products"][0]["isWishlistStatus"], Value::Bool(true));
    let other = TestApp::path(&app.add("Rome", "Holidays").await);
    is(&["Rome", "Porto"]).await;
    app.send_json("PUT", &path, &json!({ "isActive": false })).await.data(200);
    is(&["Rome"]).await;
    app.send("DELETE", &other).await.data(200);
    is(&[]).await;
}

async fn a_conditional_request_is_answered_with_304(stack: Stack) {
    let app = stack.app().await;
    let path = TestApp::path(&app.add("Lisbon", "Flights").await);
    let etag = app.get(PATH).await.headers["etag"].to_str().unwrap().to_owned();
    let reply = if_none_match(&app, &etag).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (304, ""));
    assert_eq!(reply.headers["etag"], etag);
    app.send_json("PUT", &path, &json!({ "stock": 77 })).await.data(200);
    let reply = if_none_match(&app, &etag).await;
    assert_eq!(reply.data(200)["products"][0]["stock"], 77);
    assert_ne!(reply.headers["etag"], etag);
}

async fn a_write_evicts_it_on_both_of_two_processes(stack: Stack) {
    // On the embedded stack two services would share the store but not the cache, so one service plays both.
    let one = stack.app().await;
    let other = if stack.redis.is_some() { Some(stack.app().await) } else { None };
    let other = other.as_ref().unwrap_or(&one);
    let path = TestApp::path(&one.add("Lisbon", "Flights").await);
    for stock in 10..20 {
        for app in [&one, other] {
            app.get(PATH).await.data(200);
        }
        assert_eq!(x_cache(&other.get(PATH).await), "HIT");
        let writer = if stock % 2 == 0 { &one } else { other };
        writer.send_json("PUT", &path, &json!({ "stock": stock })).await.data(200);
        for app in [&one, other] {
            assert_eq!(app.get(PATH).await.data(200)["products"][0]["stock"], stock);
        }
    }
}

async fn it_is_served_stale_while_the_store_is_away(stack: Stack) {
    let app = stack.app().await;
    app.add("Lisbon", "Flights").await;
    assert_eq!(names(&app.get(PATH).await), ["Lisbon"]);
    app.repository.set_down(true);
    assert_eq!(names(&app.get(PATH).await), ["Lisbon"]);
    // But not after an eviction.
    app.cache.evict_tags(["products"]).await.unwrap();
    app.get(PATH).await.error(503, "repository_unavailable");
    app.repository.set_down(false);
    assert_eq!(names(&app.get(PATH).await), ["Lisbon"]);
}

async fn if_none_match(app: &TestApp, etag: &str) -> Reply {
    request_with(app.address, "GET", PATH, &[("if-none-match", etag)], None).await
}
