//! What a stored response becomes when it is validated, and what no client can make of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response, StatusCode};
use jollycache::http::Route;

use super::support::{Down, Inner, PUBLIC, layer, respond};
use crate::backends::on_each_backend;

const NO_CACHE: &[(&str, &str)] = &[("cache-control", "no-cache")];
const HOUR: Duration = Duration::from_hours(1);
const MODIFIED: (&str, &str) = ("last-modified", "Sat, 21 Nov 2026 01:02:03 GMT");

fn with_status(status: u16, fields: &[(&'static str, &'static str)], body: &'static str) -> Response<Body> {
    let mut response = respond(fields, body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

type Answer = fn() -> Result<Response<Body>, Down>;

/// Answers the first request with the first, the second with the second, and so on; then with the last.
fn in_turn(answers: Vec<Answer>) -> Inner {
    let asked = AtomicUsize::new(0);
    Inner::new(move |_: Request<Body>| {
        let turn = asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        let answer = answers[turn]();
        async move { answer }
    })
}

on_each_backend!(a_route_for_all_paths_has_its_tags_too, |caches| async move {
    let cache = caches.new_cache().await;
    let front = Inner::counting(&[PUBLIC]).behind(&layer(&cache, Route::new().tag("products")));
    assert_eq!(front.get("/").await.body, "1");
    cache.evict_tags(["products"]).await.unwrap();
    assert_eq!(front.get("/").await.body, "2");
});

on_each_backend!(validations_leave_one_date, |caches| async move {
    let inner = in_turn(vec![
        || Ok(respond(&[PUBLIC, ("etag", "\"1\""), ("date", "Sat, 21 Nov 2026 01:02:03 GMT")], "a")),
        || Ok(with_status(304, &[("etag", "\"1\"")], "")),
    ]);
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    front.get("/").await;
    for _ in 0..3 {
        let seen = front.with("/", NO_CACHE).await;
        assert_eq!((seen.status.as_u16(), seen.body.as_str()), (200, "a"));
        assert_eq!(seen.headers.get_all("date").iter().count(), 1);
    }
    assert_eq!(inner.calls(), 4);
});

on_each_backend!(a_304_of_another_response_changes_nothing, |caches| async move {
    let inner = in_turn(vec![
        || Ok(respond(&[PUBLIC, MODIFIED], "a")),
        || Ok(with_status(304, &[PUBLIC, MODIFIED, ("etag", "\"2\"")], "")),
        || Ok(respond(&[PUBLIC, MODIFIED, ("etag", "\"2\"")], "b")),
    ]);
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    let first = front.get("/").await;
    front.with("/", NO_CACHE).await;
    let kept = front.get("/").await;
    assert_eq!((kept.body.as_str(), kept.header("etag")), ("a", first.header("etag")), "its own tag");
    assert_eq!(front.with("/", NO_CACHE).await.body, "b");
});

on_each_backend!(a_client_that_is_refused_throws_nothing_out, |caches| async move {
    let inner = Inner::new(|request: Request<Body>| async move {
        let refused = request.headers().contains_key("authorization");
        Ok(if refused { with_status(401, &[], "no") } else { respond(&[PUBLIC], "yes") })
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    front.get("/").await;
    let refused = front.with("/", &[("authorization", "x"), ("cache-control", "no-cache")]).await;
    assert_eq!((refused.status.as_u16(), refused.body.as_str()), (401, "no"));
    assert_eq!(front.get("/").await.x_cache(), "HIT");
});

on_each_backend!(an_error_is_hidden_only_where_it_may_be, |caches| async move {
    for (route, expected) in [(Route::new(), 503), (Route::new().stale_if_error(HOUR), 200)] {
        let inner = in_turn(vec![|| Ok(respond(&[PUBLIC], "a")), || Ok(with_status(503, &[], "down"))]);
        let path = if expected == 503 { "/shown" } else { "/hidden" };
        let front = inner.behind(&layer(&caches.new_cache().await, route));
        front.get(path).await;
        assert_eq!(front.with(path, NO_CACHE).await.status.as_u16(), expected);
    }
});

on_each_backend!(a_client_with_a_forged_forwarded_host_has_responses_of_its_own, |caches| async move {
    let inner = Inner::counting(&[PUBLIC]);
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    assert_eq!(front.with("/", &[("forwarded", "for=192.0.2.1;Host=evil.example")]).await.body, "1");
    assert_eq!(front.get("/").await.body, "2");
    assert_eq!(
        front.with("/", &[("forwarded", "for=192.0.2.1")]).await.body,
        "2",
        "the host of a client is no other client's key"
    );
    assert_eq!(front.with("/", &[("forwarded", "for=192.0.2.2, proto=http")]).await.body, "3");
});

on_each_backend!(two_nested_routers_do_not_answer_for_each_other, |caches| async move {
    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt;
    let layer = layer(&caches.new_cache().await, Route::new());
    let part = |text: &'static str| {
        Router::new().route("/1", get(async move || ([PUBLIC], text))).layer(layer.clone())
    };
    let app = Router::new().nest("/admin", part("of admins")).nest("/shop", part("of all"));
    for (path, expected) in [("/admin/1", "of admins"), ("/shop/1", "of all"), ("/admin/1", "of admins")] {
        let request = Request::get(path).header("host", "a.example").body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(body, expected);
    }
});
