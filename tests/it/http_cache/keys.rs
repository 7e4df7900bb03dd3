//! Requests that differ do not share a response, and nothing that is not in the key reaches the service unseen.

use axum::body::Body;
use http::Request;
use jollycache::http::Route;

use super::support::{Inner, PUBLIC, layer, layer_with, respond};
use crate::backends::on_each_backend;

/// Answers with all that it saw of the request.
fn mirror() -> Inner {
    Inner::new(|request: Request<Body>| async move {
        let of = |name: &str| {
            let value = request.headers().get(name).map(|value| value.to_str().unwrap());
            value.map(|value| format!(" {name}={value}")).unwrap_or_default()
        };
        let seen =
            ["host", "x-forwarded-host", "x-forwarded-proto", "x-original-url", "x-theme"].map(of).concat();
        Ok(respond(&[PUBLIC], format!("{}{seen}", request.uri())))
    })
}

on_each_backend!(fields_that_steer_a_service_do_not_poison_others, |caches| async move {
    let layer = layer_with(&caches.new_cache().await, |builder| {
        builder.default_route(Route::new()).strip_unkeyed(["X-Theme"])
    });
    let front = mirror().behind(&layer);
    let evil = "evil.example";
    for (path, fields) in [
        ("/host", &[("host", evil)][..]),
        ("/forwarded-host", &[("host", "shop"), ("x-forwarded-host", evil)]),
        ("/forwarded-proto", &[("host", "shop"), ("x-forwarded-proto", evil)]),
        ("/original-url", &[("host", "shop"), ("x-original-url", evil)]),
        ("/theme", &[("host", "shop"), ("x-theme", evil)]),
    ] {
        front.with(path, fields).await;
        let seen = front.with(path, &[("host", "shop")]).await;
        assert_eq!(seen.body, format!("{path} host=shop"));
    }
});

on_each_backend!(a_request_for_two_hosts_is_not_cached, |caches| async move {
    let front = mirror().behind(&layer(&caches.new_cache().await, Route::new()));
    for _ in 0..2 {
        let seen = front.with("http://a.example/", &[("host", "b.example")]).await;
        assert_eq!(seen.header("cache-status"), "jollycache; fwd=bypass; fwd-status=200; detail=host");
    }
});

on_each_backend!(paths_and_queries_that_may_differ_do, |caches| async move {
    let front = mirror().behind(&layer(&caches.new_cache().await, Route::new()));
    let targets = [
        "/a",
        "/a/",
        "/A",
        "/a%2fb",
        "/a/b",
        "/%61",
        "/a/../b",
        "/a?",
        "/a?b",
        "/a?b=",
        "/a?b=1",
        "/a?b=1&b=2",
        "/a?b=2&b=1",
        "/a?b=%ff",
        "/a?b=%fe",
        "/a?b=+",
        "/a:b",
        "/a*",
        "/a?b=1%26c=2",
        "/a?b=1&c=2",
    ];
    for round in 0..2 {
        for target in targets {
            let seen = front.get(target).await;
            assert_eq!(seen.body, target.trim_end_matches('?'), "round {round}");
            // `/a?` is `/a` to all of HTTP but the type that holds it.
            if round == 1 {
                assert_eq!(seen.x_cache(), "HIT", "{target}");
            }
        }
    }
    assert_eq!(front.get("/a?c=2&b=1").await.x_cache(), "HIT", "names have no order");
});

on_each_backend!(what_is_not_in_the_key_of_a_query_does_not_reach_the_service, |caches| async move {
    let route = Route::new().query(["page"]);
    let front = mirror().behind(&layer(&caches.new_cache().await, route));
    assert_eq!(front.get("/a?utm=%3Cscript%3E&page=2&x=1").await.body, "/a?page=2");
    let seen = front.get("/a?page=2&callback=evil").await;
    assert_eq!((seen.body.as_str(), seen.x_cache()), ("/a?page=2", "HIT"));
    assert_eq!(front.get("/a?p%61ge=3&page=2").await.body, "/a?p%61ge=3&page=2");
    assert_eq!(front.get("/a?utm=1").await.body, "/a");
});

on_each_backend!(endless_requests_are_passed_on, |caches| async move {
    let front = mirror().behind(&layer(&caches.new_cache().await, Route::new()));
    for (target, detail) in
        [(format!("/a?{}", "b=1&".repeat(65)), "query"), (format!("/{}", "a".repeat(9_000)), "uri")]
    {
        let seen = front.get(&target).await;
        assert_eq!(
            seen.header("cache-status"),
            format!("jollycache; fwd=bypass; fwd-status=200; detail={detail}")
        );
    }
    for round in ["MISS", "HIT"] {
        assert_eq!(
            front.get(&format!("/{}", "a".repeat(4_000))).await.x_cache(),
            round,
            "long, but not endless"
        );
    }
});

on_each_backend!(variants_are_separate_and_are_evicted_together, |caches| async move {
    let inner = Inner::new(|request: Request<Body>| async move {
        let language =
            request.headers().get("accept-language").map_or("none", |value| value.to_str().unwrap());
        Ok(respond(&[PUBLIC, ("vary", "Accept-Language")], language.to_owned()))
    });
    let cache = caches.new_cache().await;
    let layer = layer_with(&cache, |builder| builder.route("/p/{id}", Route::new().tag("product:{id}")));
    let front = inner.behind(&layer);
    let all = async |x_cache: &str| {
        for language in ["de", "en", "fr"] {
            let fields = [("accept-language", language)];
            let seen = front.with("/p/1", &fields).await;
            assert_eq!((seen.body.as_str(), seen.x_cache()), (language, x_cache));
        }
        assert_eq!(front.get("/p/1").await.body, "none");
    };
    all("MISS").await;
    let seen = front.with("/p/1", &[("accept-language", "nl")]).await;
    assert_eq!(seen.header("cache-status").split(';').nth(1), Some(" fwd=vary-miss"));
    all("HIT").await;
    assert_eq!(inner.calls(), 5);
    cache.evict_tags(["product:1"]).await.unwrap();
    all("MISS").await;
    // The key of the URI alone leads to all of them too.
    front.send("DELETE", "/p/1", &[]).await;
    all("MISS").await;
});

on_each_backend!(a_response_that_varies_by_more_replaces_the_index, |caches| async move {
    let inner = Inner::new(|request: Request<Body>| async move {
        let of =
            |name: &str| request.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let vary = if of("a") == "2" { "a, b" } else { "a" };
        Ok(respond(&[PUBLIC, ("vary", vary)], format!("{}{}", of("a"), of("b"))))
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    assert_eq!(front.with("/", &[("a", "1")]).await.body, "1");
    for _ in 0..3 {
        assert_eq!(front.with("/", &[("a", "2"), ("b", "x")]).await.body, "2x");
        assert_eq!(front.with("/", &[("a", "2"), ("b", "y")]).await.body, "2y");
    }
    assert_eq!(front.with("/", &[("a", "2"), ("b", "y")]).await.x_cache(), "HIT");
});

on_each_backend!(a_route_can_add_to_the_key_and_skip, |caches| async move {
    let of = |name: &'static str| {
        move |request: &http::request::Parts| {
            request.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
        }
    };
    let route = Route::new().key_by(of("x-part")).key_header("X-Tenant");
    let route = route.skip_if(|request| request.headers.contains_key("x-debug"));
    let inner = Inner::counting(&[PUBLIC]);
    let front = inner.behind(&layer(&caches.new_cache().await, route));
    let requests = [&[][..], &[("x-part", "1")], &[("x-tenant", "1")], &[("x-tenant", "1"), ("x-part", "1")]];
    for _ in 0..2 {
        for (number, fields) in requests.iter().enumerate() {
            assert_eq!(front.with("/", fields).await.body, (number + 1).to_string());
        }
    }
    let seen = front.with("/", &[("x-debug", "1")]).await;
    assert_eq!(seen.header("cache-status"), "jollycache; fwd=bypass; fwd-status=200; detail=skipped");
});

on_each_backend!(the_key_is_sent_only_where_it_is_enabled_and_never_as_it_came, |caches| async move {
    let layer = layer_with(&caches.new_cache().await, |builder| {
        builder.default_route(Route::new()).show_key(true).name("edge-1")
    });
    let front = mirror().behind(&layer);
    let status = front.get("/a%22;%20hit?b=%22").await.header("cache-status").to_owned();
    assert!(
        status.starts_with("edge-1; fwd=uri-miss; fwd-status=200; ttl=3600; stored; key=\"http:"),
        "{status}"
    );
    assert_eq!(status.matches('"').count(), 2, "{status}");
});
