//! `CallStatusLayer` and `ResponseTimeLayer`: headers that report the calls inside a request.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, Request};
use axum::response::AppendHeaders;
use axum::routing::get;
use jollycache::http::{CallStatusLayer, ResponseTimeLayer};
use jollycache::{Cache, MemoryBackend, Policy};
use tower::ServiceExt;

type Answer = Result<String, jollycache::Error>;

/// Answers `/{n}` after `n` reads of one key, `/slow` after a load of 20 ms.
fn router(region: &'static str) -> Router {
    let cache = Cache::builder().namespace("it").backend(MemoryBackend::new()).build().unwrap();
    let policy = Policy::new().region(region);
    let (slow_cache, slow_policy) = (cache.clone(), policy.clone());
    let many = move |Path(reads): Path<usize>| async move {
        for _ in 0..reads {
            cache.get_or_load("key", &policy, async || Answer::Ok("v".to_owned())).await.unwrap();
        }
    };
    let slow = move || async move {
        let load = async || {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Answer::Ok("v".to_owned())
        };
        slow_cache.get_or_load("slow", &slow_policy, load).await.unwrap()
    };
    let origin = async || AppendHeaders([("cache-status", "\"origin\"; hit"), ("server-timing", "db;dur=3")]);
    Router::new().route("/{reads}", get(many)).route("/slow", get(slow)).route("/origin", get(origin))
}

async fn headers(router: &Router, path: &str) -> HeaderMap {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.headers().clone()
}

fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

fn timing(headers: &HeaderMap) -> [f64; 3] {
    let text = all(headers, "server-timing").pop().unwrap();
    let parts: Vec<_> = text.split(", ").map(|part| part.split_once(";dur=").unwrap()).collect();
    assert_eq!(parts.iter().map(|part| part.0).collect::<Vec<_>>(), ["total", "cache", "load"]);
    [0, 1, 2].map(|part| parts[part].1.parse().unwrap())
}

#[tokio::test]
async fn each_call_is_a_member_and_none_is_no_header() {
    let router = router("product").layer(CallStatusLayer::new());
    assert_eq!(all(&headers(&router, "/0").await, "cache-status"), [""; 0]);
    let both = all(&headers(&router, "/2").await, "cache-status");
    assert_eq!(both, [r#""product"; fwd=miss; stored, "product"; hit"#]);
    let many = all(&headers(&router, "/40").await, "cache-status").pop().unwrap();
    assert_eq!(many.matches(r#""product"; hit"#).count(), 32);
    assert!(many.ends_with(r#", "jollycache"; detail="8 more calls""#), "{many}");
}

#[tokio::test]
async fn the_headers_of_the_handler_come_first() {
    let router = router("product").layer(CallStatusLayer::new()).layer(ResponseTimeLayer::new());
    let headers = headers(&router, "/origin").await;
    assert_eq!(all(&headers, "cache-status"), [r#""origin"; hit"#]);
    let timing = all(&headers, "server-timing");
    assert_eq!(timing.len(), 2);
    assert_eq!(timing[0], "db;dur=3");
}

#[tokio::test]
async fn a_region_with_an_odd_name_breaks_no_header() {
    let router = router("a\"\r\nset-cookie: b=c; \u{e9}").layer(CallStatusLayer::new());
    let headers = headers(&router, "/1").await;
    assert_eq!(headers.get("set-cookie"), None);
    let expected = r#""a\"%0D%0Aset-cookie: b=c; %C3%A9"; fwd=miss; stored"#;
    assert_eq!(all(&headers, "cache-status"), [expected]);
}

#[tokio::test]
async fn times_are_split_into_cache_and_load() {
    // Both layers, so that one collection is inside the other.
    let router = router("product").layer(CallStatusLayer::new()).layer(ResponseTimeLayer::new());
    let slow = headers(&router, "/slow").await;
    assert_eq!(all(&slow, "cache-status"), [r#""product"; fwd=miss; stored"#]);
    let [total, cache, load] = timing(&slow);
    assert!(load >= 19.0 && total >= cache + load, "{total} {cache} {load}");
    let shown = all(&slow, "x-response-time").pop().unwrap();
    assert!((shown.strip_suffix("ms").unwrap().parse::<f64>().unwrap() - total).abs() < 0.001, "{shown}");

    let [total, cache, load] = timing(&headers(&router, "/slow").await);
    assert!(load.abs() < f64::EPSILON && cache > 0.0 && total >= cache, "{total} {cache} {load}");
    let [_, cache, load] = timing(&headers(&router, "/0").await);
    assert!(load.abs() < f64::EPSILON && cache.abs() < f64::EPSILON, "no call, no time");
}
