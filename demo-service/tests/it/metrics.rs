//! `GET /metrics`: what Prometheus reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use demo_service::infrastructure::EmbeddedProductRepository;
use jollycache::{Cache, MemoryBackend};
use serde_json::json;

use crate::support::{Stack, TestApp, on_both_stacks};

on_both_stacks!(metrics_count_what_was_read_and_answered);

/// The samples, by name with labels.
async fn samples(app: &TestApp) -> BTreeMap<String, f64> {
    let reply = app.get("/metrics").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let lines = reply.text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[track_caller]
fn assert_count(samples: &BTreeMap<String, f64>, name: &str, expected: u32) {
    let found = samples.get(name).unwrap_or_else(|| panic!("no {name} in {samples:#?}"));
    assert!((found - f64::from(expected)).abs() < f64::EPSILON, "{name} is {found}, and not {expected}");
}

async fn metrics_count_what_was_read_and_answered(stack: Stack) {
    let app = stack.app().await;
    let path = TestApp::path(&app.add("Kyoto", "Holidays").await);
    for _ in 0..3 {
        app.get(&path).await.data(200);
    }
    app.get("/api/products").await.data(200);
    app.send_json("PUT", &path, &json!({ "stock": -1 })).await.error(422, "invalid_product");
    app.get("/nowhere/at/all").await.error(404, "route_not_found");
    app.send("BREW", "/api/products").await.error(405, "method_not_allowed");

    let samples = samples(&app).await;
    for (name, expected) in [
        (r#"jollycache_reads_total{region="product",outcome="hit"}"#, 3),
        (r#"jollycache_reads_total{region="product_list",outcome="miss"}"#, 1),
        (r#"jollycache_read_duration_seconds_count{region="product",outcome="hit"}"#, 3),
        (r#"jollycache_read_duration_seconds_bucket{region="product",outcome="hit",le="+Inf"}"#, 3),
        ("jollycache_connected", 1),
        (r#"http_requests_total{method="GET",route="/api/products/{id}",status="2xx"}"#, 3),
        (r#"http_requests_total{method="PUT",route="/api/products/{id}",status="4xx"}"#, 1),
        (r#"http_requests_total{method="GET",route="none",status="4xx"}"#, 1),
        (r#"http_requests_total{method="other",route="/api/products",status="4xx"}"#, 1),
        (r#"http_request_duration_seconds_count{method="GET",route="/api/products"}"#, 1),
    ] {
        assert_count(&samples, name, expected);
    }
    let backend = if stack.redis.is_some() { "redis" } else { "memory" };
    assert_count(&samples, &format!(r#"jollycache_backend_up{{backend="{backend}"}}"#), 1);
    assert_eq!(app.get("/api/cache/metrics").await.status, 200);
}

#[tokio::test]
async fn limits_and_the_response_cache_are_counted() {
    let limits =
        [("RATE_LIMIT_ENABLED", "true"), ("RATE_LIMIT_MAX_REQUESTS", "3"), ("RATE_LIMIT_WINDOW", "1h")];
    let app = limited_app(&limits).await;
    for _ in 0..3 {
        app.get("/api/catalogue").await.data(200);
    }
    app.get("/api/catalogue").await.error(429, "rate_limited");

    // Twice: asking counts nothing, and is not limited.
    samples(&app).await;
    let samples = samples(&app).await;
    for (name, expected) in [
        (r#"jollycache_rate_limit_decisions_total{limit="per_ip",outcome="allowed"}"#, 3),
        (r#"jollycache_rate_limit_decisions_total{limit="per_ip",outcome="limited"}"#, 1),
        (r#"jollycache_rate_limit_decisions_total{limit="login",outcome="allowed"}"#, 0),
        (r#"jollycache_rate_limit_degraded_total{limit="per_ip"}"#, 0),
        (r#"jollycache_reads_total{region="http",outcome="miss"}"#, 1),
        (r#"jollycache_reads_total{region="http",outcome="hit"}"#, 2),
    ] {
        assert_count(&samples, name, expected);
    }
}

async fn limited_app(variables: &[(&str, &str)]) -> TestApp {
    let cache = Cache::builder().namespace("metrics").backend(MemoryBackend::new()).build().unwrap();
    TestApp::start_with(cache, Arc::new(EmbeddedProductRepository::default()), variables).await
}

#[tokio::test]
async fn services_in_one_process_count_for_themselves() {
    let (one, other) = (Stack::embedded().app().await, Stack::embedded().app().await);
    for _ in 0..2 {
        one.get("/api/products").await.data(200);
    }
    other.get("/api/products").await.data(200);
    let requests = r#"http_requests_total{method="GET",route="/api/products",status="2xx"}"#;
    for (app, expected) in [(one, 2), (other, 1)] {
        let samples = samples(&app).await;
        assert_count(&samples, requests, expected);
        assert_count(&samples, r#"jollycache_reads_total{region="product_list",outcome="miss"}"#, 1);
    }
}

#[tokio::test]
async fn hostile_requests_make_no_new_series() {
    let app = Stack::embedded().app().await;
    app.get("/metrics").await;
    let before: BTreeSet<_> = {
        app.get("/x").await;
        app.send("A", "/api/products").await;
        app.get("/api/products/1").await;
        samples(&app).await.into_keys().collect()
    };
    for number in 0..20 {
        app.get(&format!("/{number}?{number}")).await;
        app.send(&format!("M{number}"), "/api/products").await;
        app.get(&format!("/api/products/{number}")).await;
    }
    let after: BTreeSet<_> = samples(&app).await.into_keys().collect();
    let new: Vec<_> = after.difference(&before).filter(|name| !name.contains("\"/metrics\"")).collect();
    assert_eq!(new, [""; 0]);
}

#[tokio::test]
async fn what_is_emitted_by_the_service_is_documented() {
    let app = limited_app(&[("RATE_LIMIT_ENABLED", "true")]).await;
    app.get("/api/products").await.data(200);
    let text = app.get("/metrics").await.text;
    let documented = include_str!("../../../docs/metrics.md");
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert!(documented.contains(&format!("| `{name}` | {kind} |")), "{line}");
    }
}
