//! Writes drop what they make wrong; what is known is not sent again.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use jollycache::http::Route;

use super::support::{HOUR, Inner, PUBLIC, layer, layer_with, respond};
use crate::backends::on_each_backend;

on_each_backend!(a_tag_drops_responses_in_all_processes, |caches| async move {
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let inner = Inner::counting(&[PUBLIC]);
    let front = inner.behind(&layer_with(&cache, |builder| {
        builder.route("/p/{id}", Route::new().tag("product:{id}").tag("products"))
    }));
    assert_eq!(front.get("/p/1").await.body, "1");
    assert_eq!(front.get("/p/2").await.body, "2");
    other.evict_tags(["product:1"]).await.unwrap();
    assert_eq!(front.get("/p/1").await.body, "3");
    assert_eq!(front.get("/p/2").await.body, "2");
    other.evict_tags(["products"]).await.unwrap();
    assert_eq!(front.get("/p/1").await.body, "4");
    assert_eq!(front.get("/p/2").await.body, "5");
    for method in ["GET", "HEAD", "POST"] {
        let unknown = front.send(method, "/unknown", &[]).await;
        let status = "jollycache; fwd=bypass; fwd-status=200; detail=no-route";
        assert_eq!((unknown.header("cache-status"), unknown.headers.get("x-cache")), (status, None));
    }
});

on_each_backend!(a_write_drops_its_uri_with_every_query, |caches| async move {
    let inner = Inner::new(|request: Request<Body>| async move {
        let status =
            request.headers().get("status").map_or(200, |status| status.to_str().unwrap().parse().unwrap());
        let mut response = respond(&[HOUR], "made");
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    let is_hit = async |path: &str| front.get(path).await.x_cache() == "HIT";
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        front.get("/a").await;
        front.get("/a?b=1").await;
        front.get("/c").await;
        front.send(method.as_str(), "/a", &[("status", "404")]).await;
        assert!(is_hit("/a").await && is_hit("/a?b=1").await, "{method} failed");
        let seen = front.send(method.as_str(), "/a", &[]).await;
        assert_eq!(seen.header("cache-status"), "jollycache; fwd=method; fwd-status=200");
        assert!(!is_hit("/a").await && !is_hit("/a?b=1").await && is_hit("/c").await, "{method}");
    }
    front.send("OPTIONS", "/a", &[]).await;
    assert!(is_hit("/a").await, "OPTIONS is safe");
});

on_each_backend!(a_client_that_has_the_response_gets_a_304, |caches| async move {
    let front = Inner::new(|_| async { Ok(respond(&[PUBLIC], "body")) });
    let front = front.behind(&layer(&caches.new_cache().await, Route::new()));
    let first = front.get("/").await;
    let etag: &'static str = Box::leak(first.header("etag").to_owned().into_boxed_str());
    assert_eq!(etag.len(), 34);
    for wanted in [etag, "*", Box::leak(format!("\"x\", W/{etag}").into_boxed_str())] {
        let seen = front.with("/", &[("if-none-match", wanted)]).await;
        assert_eq!((seen.status, seen.body.as_str(), seen.x_cache()), (StatusCode::NOT_MODIFIED, "", "HIT"));
        assert_eq!((seen.header("etag"), seen.header("cache-control")), (etag, PUBLIC.1));
        assert!(!seen.header("date").is_empty() && !seen.header("age").is_empty());
    }
    let seen = front
        .with("/", &[("if-none-match", "\"other\""), ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT")])
        .await;
    assert_eq!((seen.status, seen.body.as_str()), (StatusCode::OK, "body"));
});

on_each_backend!(a_clients_condition_does_not_empty_the_cache, |caches| async move {
    // A service that answers conditions itself.
    let inner = Inner::new(|request: Request<Body>| async move {
        let mut response = respond(&[PUBLIC, ("etag", "\"1\"")], "body");
        if request.headers().contains_key("if-none-match") {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
        }
        Ok(response)
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    let seen = front.with("/", &[("if-none-match", "\"1\"")]).await;
    assert_eq!((seen.status, seen.x_cache()), (StatusCode::NOT_MODIFIED, "MISS"));
    let seen = front.get("/").await;
    assert_eq!((seen.status, seen.body.as_str(), seen.x_cache()), (StatusCode::OK, "body", "HIT"));
});

on_each_backend!(only_the_services_own_tags_are_shown_to_it, |caches| async move {
    let inner = Inner::new(|request: Request<Body>| async move {
        let conditions =
            ["if-none-match", "if-modified-since"].map(|name| request.headers().contains_key(name));
        Ok(respond(&[("cache-control", "max-age=60, stale-if-error=60")], format!("{conditions:?}")))
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    front.get("/").await;
    let seen = front.with("/", &[("cache-control", "no-cache"), ("if-none-match", "\"mine\"")]).await;
    assert_eq!(seen.body, "[false, false]");
});

on_each_backend!(a_request_can_ask_for_more_unless_it_is_not_heard, |caches| async move {
    let inner = Inner::counting(&[PUBLIC]);
    let cache = caches.new_cache().await;
    let heard = inner.behind(&layer(&cache, Route::new()));
    let deaf = inner.behind(&layer_with(&cache, |builder| {
        builder.default_route(Route::new()).honour_request_directives(false)
    }));
    let no_cache = [("cache-control", "no-cache")];
    assert_eq!(heard.get("/").await.body, "1");
    assert_eq!(deaf.with("/", &no_cache).await.body, "1");
    let seen = heard.with("/", &no_cache).await;
    assert_eq!(
        (seen.body.as_str(), seen.header("cache-status")),
        ("2", "jollycache; fwd=request; fwd-status=200; ttl=3600; stored")
    );
    assert_eq!(heard.get("/").await.body, "2", "and all have what came of it");
    let seen = heard.with("/", &[("cache-control", "no-store")]).await;
    assert_eq!(
        (seen.body.as_str(), seen.header("cache-status")),
        ("3", "jollycache; fwd=request; fwd-status=200")
    );
    assert_eq!(heard.get("/").await.body, "2");
    let seen = heard.with("/new", &[("cache-control", "only-if-cached")]).await;
    assert_eq!(seen.status, StatusCode::GATEWAY_TIMEOUT);
});
