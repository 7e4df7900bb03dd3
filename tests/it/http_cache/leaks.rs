//! No user gets a response that was made for another.

use http::Request;
use jollycache::http::Route;
use jollycache_tests::Gate;

use super::support::{HOUR, Inner, PUBLIC, layer, layer_with, respond};
use crate::backends::on_each_backend;

/// Answers with what the request says of its user.
fn greeting(fields: &'static [(&'static str, &'static str)]) -> Inner {
    Inner::new(move |request: Request<axum::body::Body>| async move {
        let of =
            |name: &str| request.headers().get(name).map_or("anonymous", |value| value.to_str().unwrap());
        let user = format!("{} {} {}", of("authorization"), of("cookie"), of("x-api-key"));
        Ok(respond(fields, user))
    })
}

const USERS: [(&str, &str); 4] =
    [("authorization", "ann"), ("authorization", "bob"), ("cookie", "ann"), ("cookie", "bob")];

on_each_backend!(a_user_gets_only_its_own_response, |caches| async move {
    for (number, fields) in [
        &[HOUR][..],
        &[("cache-control", "private, max-age=3600")],
        &[("cache-control", "private=\"x-user\", max-age=3600")],
        &[("cache-control", "max-age=3600, must-revalidate")],
        &[PUBLIC, ("set-cookie", "a=b")],
        &[PUBLIC, ("vary", "*")],
        &[PUBLIC, ("vary", "authorization, cookie")],
        &[],
    ]
    .into_iter()
    .enumerate()
    {
        let cache = caches.new_cache_with(|builder| builder.namespace(format!("leaks:{number}"))).await;
        let route = Route::new().ttl(std::time::Duration::from_mins(1));
        let front = greeting(fields).behind(&layer(&cache, route));
        for _ in 0..3 {
            for user in USERS {
                let seen = front.with("/me", &[user]).await;
                assert!(seen.body.contains(user.1), "{fields:?} {user:?}: {seen:?}");
            }
            let seen = front.get("/me").await;
            assert_eq!(seen.body, "anonymous anonymous anonymous", "{fields:?}");
        }
    }
});

on_each_backend!(what_is_for_all_is_served_to_all, |caches| async move {
    let inner = Inner::counting(&[PUBLIC]);
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    for user in USERS {
        assert_eq!(front.with("/", &[user]).await.body, "1");
    }
    assert_eq!(front.get("/").await.body, "1");
});

on_each_backend!(one_with_a_cookie_does_not_keep_the_others_from_the_cache, |caches| async move {
    let inner = Inner::counting(&[HOUR]);
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    for body in ["1", "2"] {
        let seen = front.with("/", &[("cookie", "a=b")]).await;
        assert_eq!((seen.body.as_str(), seen.x_cache() == "HIT"), (body, false));
    }
    for _ in 0..2 {
        assert_eq!(front.get("/").await.body, "3", "the others do not wait for the mark he left to end");
    }
    let seen = front.with("/", &[("cookie", "a=b")]).await;
    assert_eq!(
        (seen.body.as_str(), seen.header("cache-status")),
        ("4", "jollycache; fwd=bypass; fwd-status=200; detail=credentials")
    );
    assert_eq!(front.get("/").await.body, "3");
});

on_each_backend!(a_route_can_say_that_cookies_do_not_count, |caches| async move {
    let inner = Inner::counting(&[HOUR]);
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new().ignore_cookies()));
    assert_eq!(front.with("/", &[("cookie", "a=b")]).await.body, "1");
    assert_eq!(front.get("/").await.body, "1");
    assert_eq!(front.with("/", &[("authorization", "a")]).await.body, "2", "that is another matter");
    // And if they do count after all, the service cannot know.
    let front = greeting(&[HOUR]).behind(&layer(&caches.new_cache().await, Route::new().ignore_cookies()));
    assert_eq!(front.with("/me", &[("cookie", "ann")]).await.body, "anonymous anonymous anonymous");
});

on_each_backend!(two_users_at_once_do_not_share_a_load, |caches| async move {
    let gate = Gate::new();
    let held = gate.clone();
    let inner = Inner::new(move |request: Request<axum::body::Body>| {
        let held = held.clone();
        async move {
            held.pass().await;
            let user = request.headers().get("cookie").map_or("anonymous", |value| value.to_str().unwrap());
            Ok(respond(&[HOUR], user.to_owned()))
        }
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    let mut asking = Vec::new();
    for fields in [&[("cookie", "ann")][..], &[("cookie", "bob")], &[]] {
        let front = front.clone();
        asking.push(tokio::spawn(async move { (fields, front.with("/me", fields).await) }));
    }
    gate.reached().await;
    for _ in 0..8 {
        gate.open();
    }
    for asked in asking {
        let (fields, seen) = asked.await.unwrap();
        assert_eq!(seen.body, fields.first().map_or("anonymous", |(_, user)| user));
    }
});

on_each_backend!(users_in_the_key_are_kept_apart, |caches| async move {
    let user = |request: &http::request::Parts| {
        request.headers.get("authorization").map(|user| user.to_str().unwrap().to_owned())
    };
    let inner = greeting(&[HOUR]);
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new().key_user(user)));
    for _ in 0..2 {
        for user in ["ann", "bob"] {
            let seen =
                front.with("/me", &[("authorization", if user == "ann" { "ann" } else { "bob" })]).await;
            assert_eq!(seen.body, format!("{user} anonymous anonymous"));
        }
        assert_eq!(front.get("/me").await.body, "anonymous anonymous anonymous");
    }
    assert_eq!(inner.calls(), 3);
});

on_each_backend!(an_api_key_can_be_a_credential, |caches| async move {
    let inner = greeting(&[HOUR]);
    let layer = layer_with(&caches.new_cache().await, |builder| {
        builder.default_route(Route::new()).credential_header("X-Api-Key")
    });
    let front = inner.behind(&layer);
    for _ in 0..2 {
        for key in ["ann", "bob"] {
            let seen = front.with("/me", &[("x-api-key", if key == "ann" { "ann" } else { "bob" })]).await;
            assert_eq!(seen.body, format!("anonymous anonymous {key}"));
        }
    }
});

on_each_backend!(a_response_to_one_client_is_not_stored, |caches| async move {
    let fields = &[PUBLIC, ("x-request-id", "1"), ("ratelimit", "\"a\";r=1"), ("server-timing", "db;dur=3")];
    let front = Inner::counting(fields).behind(&layer(&caches.new_cache().await, Route::new()));
    assert_eq!(front.get("/").await.header("x-request-id"), "1");
    let seen = front.get("/").await;
    assert_eq!(seen.x_cache(), "HIT");
    assert!(["x-request-id", "ratelimit", "server-timing"].iter().all(|name| seen.header(name).is_empty()));
});
