//! The headers that the layers around the routes add.

use crate::support::{Reply, Stack, TestApp, request_with};

async fn get_with(app: &TestApp, headers: &[(&str, &str)]) -> Reply {
    request_with(app.address, "GET", "/api/products", headers, None).await
}

fn id_of(reply: &Reply) -> &str {
    assert_eq!(reply.headers.get_all("x-request-id").iter().count(), 1, "{reply:?}");
    reply.headers["x-request-id"].to_str().unwrap()
}

#[tokio::test]
async fn a_request_keeps_its_id_and_gets_one_if_it_has_none() {
    let app = Stack::embedded().app().await;
    let reply = get_with(&app, &[("x-request-id", "order-42_b.7")]).await;
    assert_eq!(id_of(&reply), "order-42_b.7");
    let (one, other) = (get_with(&app, &[]).await, get_with(&app, &[]).await);
    assert_eq!(id_of(&one).len(), 36);
    assert_ne!(id_of(&one), id_of(&other));
    let missing = app.get("/nowhere").await;
    assert_eq!((id_of(&missing).len(), missing.status.as_u16()), (36, 404), "errors have one too");
}

#[tokio::test]
async fn an_id_that_is_long_or_odd_is_replaced() {
    let app = Stack::embedded().app().await;
    let (longest, too_long) = ("x".repeat(64), "x".repeat(65));
    assert_eq!(id_of(&get_with(&app, &[("x-request-id", &longest)]).await), longest);
    for bad in ["", too_long.as_str(), "a b", "a\tb", "a\"b", "<script>", "a\u{e9}", "a{b}", "%0a"] {
        let reply = get_with(&app, &[("x-request-id", bad)]).await;
        assert_eq!(id_of(&reply).len(), 36, "{bad:?}");
        assert_ne!(id_of(&reply), bad);
    }
    let twice = get_with(&app, &[("x-request-id", "a"), ("x-request-id", "b")]).await;
    assert_eq!(id_of(&twice).len(), 36, "whose is it?");
}

#[tokio::test]
async fn cache_status_reports_what_each_use_case_did() {
    let app = Stack::embedded().app().await;
    let body = serde_json::json!({ "name": "Kyoto", "price": 1, "stock": 1, "category": "Holidays" });
    let created = app.send_json("POST", "/api/products", &body).await;
    let path = TestApp::path(&created.data(201));
    let status =
        |reply: &Reply| reply.headers.get("cache-status").map(|value| value.to_str().unwrap().to_owned());
    let written = status(&created).unwrap();
    assert!(written.contains(r#""product"; fwd=method; stored"#), "{written}");
    assert!(written.contains("; fwd=method; detail=evicted"), "{written}");
    assert_eq!(status(&app.get(&path).await).unwrap(), r#""product"; hit"#);
    let missed = status(&app.get("/api/products").await).unwrap();
    assert_eq!(missed, r#""product_list"; fwd=miss; stored"#);
    let nowhere = status(&app.get("/nowhere").await).unwrap();
    assert_eq!(
        nowhere, "jollycache; fwd=bypass; fwd-status=404; detail=no-route",
        "no use case has a part in it"
    );
}

/// The response cache sends `X-Cache`, and only on the paths whose responses it stores.
#[tokio::test]
async fn x_cache_is_sent_where_responses_are_cached_and_nowhere_else() {
    let app = Stack::embedded().app().await;
    let product = app.add("Lisbon", "Flights").await;
    let path = TestApp::path(&product);
    let body = serde_json::json!({ "stock": 7 });
    for reply in [
        app.get(&path).await,
        app.get("/api/products").await,
        app.get("/api/products/count").await,
        app.get("/health").await,
        app.get("/nowhere").await,
        app.send_json("PUT", &path, &body).await,
        app.send("DELETE", &path).await,
    ] {
        assert_eq!(reply.headers.get("x-cache"), None, "{reply:?}");
        assert!(reply.headers.contains_key("cache-status"), "{reply:?}");
    }
    for word in ["MISS", "HIT"] {
        let reply = app.get("/api/catalogue").await;
        assert_eq!(reply.headers["x-cache"], word);
        let own = reply.headers.get_all("cache-status").iter().next_back().unwrap().to_str().unwrap();
        assert_eq!(own.contains("; hit"), word == "HIT", "{own}");
    }
}

#[tokio::test]
async fn the_time_is_sent_in_total_and_in_parts() {
    let app = Stack::embedded().app().await;
    for path in ["/api/products", "/nowhere"] {
        let reply = app.get(path).await;
        assert!(reply.headers["x-response-time"].to_str().unwrap().ends_with("ms"));
        let timing = reply.headers["server-timing"].to_str().unwrap();
        for part in ["total;dur=", ", cache;dur=", ", load;dur="] {
            assert!(timing.contains(part), "{timing}");
        }
    }
}
