//! Bodies that are too large, that stream, that fail, that are too short.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody};
use jollycache::Policy;
use jollycache::http::Route;
use jollycache_tests::Gate;

use super::support::{Inner, PUBLIC, layer, read, respond};
use crate::backends::on_each_backend;

/// A body whose parts come when the test lets them.
fn gated_body(gate: &Gate, parts: &'static [&'static str]) -> Body {
    let gate = gate.clone();
    let stream = futures_util::stream::unfold(0, move |at| {
        let gate = gate.clone();
        async move {
            let part = parts.get(at)?;
            gate.pass().await;
            Some((Ok::<_, Infallible>(Bytes::from(*part)), at + 1))
        }
    });
    Body::from_stream(stream)
}

on_each_backend!(a_body_over_the_limit_streams_and_is_not_stored, |caches| async move {
    let gate = Gate::new();
    let held = gate.clone();
    let inner = Inner::new(move |_| {
        let body = gated_body(&held, &["0123456789", "0123456789", "end"]);
        async move { Ok(respond(&[PUBLIC], body)) }
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new().max_body_bytes(15)));
    let asking = tokio::spawn({
        let front = front.clone();
        async move { front.raw("GET", "/", &[]).await.unwrap() }
    });
    for _ in 0..2 {
        gate.reached().await;
        gate.open();
    }
    // The response is there before the last part is.
    let response = asking.await.unwrap();
    let status = response.headers()["cache-status"].to_str().unwrap().to_owned();
    assert_eq!(status, "jollycache; fwd=uri-miss; fwd-status=200; detail=too-large");
    gate.open();
    assert_eq!(read(response).await.body, "01234567890123456789end");
    let again = tokio::spawn(async move { front.get("/").await });
    for _ in 0..3 {
        gate.open();
    }
    assert_eq!(
        again.await.unwrap().header("cache-status"),
        "jollycache; fwd=bypass; fwd-status=200; detail=uncacheable"
    );
});

on_each_backend!(a_body_of_unknown_length_is_stored_when_it_ends, |caches| async move {
    let inner = Inner::new(|_| async {
        let parts = ["a", "b", "c"].map(|part| Ok::<_, Infallible>(Bytes::from(part)));
        Ok(respond(&[PUBLIC], Body::from_stream(futures_util::stream::iter(parts))))
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    for x_cache in ["MISS", "HIT"] {
        let seen = front.get("/").await;
        assert_eq!((seen.body.as_str(), seen.x_cache()), ("abc", x_cache));
    }
});

on_each_backend!(a_body_that_stops_coming_is_not_held_back, |caches| async move {
    let gate = Gate::new();
    let held = gate.clone();
    let inner = Inner::new(move |_| {
        let body = gated_body(&held, &["first", "second"]);
        async move { Ok(respond(&[PUBLIC], body)) }
    });
    let short = Policy::new().wait(Duration::from_millis(50));
    let cache = caches.new_cache_with(|builder| builder.region("http", short)).await;
    let front = inner.behind(&layer(&cache, Route::new()));
    gate.open();
    let response = front.raw("GET", "/", &[]).await.unwrap();
    let status = response.headers()["cache-status"].to_str().unwrap().to_owned();
    assert_eq!(status, "jollycache; fwd=uri-miss; fwd-status=200; detail=too-slow");
    gate.open();
    assert_eq!(read(response).await.body, "firstsecond");
});

on_each_backend!(a_body_whose_declared_length_is_too_large_is_not_touched, |caches| async move {
    let inner = Inner::new(|_| async { Ok(respond(&[PUBLIC], "x".repeat(16))) });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new().max_body_bytes(15)));
    for _ in 0..2 {
        let seen = front.get("/").await;
        assert_eq!((seen.body.len(), seen.x_cache() == "HIT"), (16, false));
    }
    assert_eq!(front.get("/").await.headers.get("etag"), None);
});

on_each_backend!(events_stream, |caches| async move {
    let gate = Gate::new();
    let held = gate.clone();
    let inner = Inner::new(move |_| {
        let body = gated_body(&held, &["data: 1\n\n", "data: 2\n\n"]);
        async move { Ok(respond(&[PUBLIC, ("content-type", "text/event-stream")], body)) }
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    let response = front.raw("GET", "/events", &[]).await.unwrap();
    assert_eq!(
        response.headers()["cache-status"],
        "jollycache; fwd=uri-miss; fwd-status=200",
        "nothing was read"
    );
    let mut body = response.into_body();
    gate.open();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "data: 1\n\n", "it arrives before the second is made");
    gate.open();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "data: 2\n\n");
});

on_each_backend!(a_body_that_fails_midway_fails_the_client_and_is_not_stored, |caches| async move {
    let inner = Inner::new(|_| async {
        let parts = [Ok(Bytes::from("half")), Err(std::io::Error::other("gone"))];
        Ok(respond(&[PUBLIC], Body::from_stream(futures_util::stream::iter(parts))))
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    for calls in 1..3 {
        let mut body = front.raw("GET", "/", &[]).await.unwrap().into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
        assert!(body.frame().await.unwrap().is_err());
        assert_eq!(inner.calls(), calls);
    }
});

on_each_backend!(a_body_that_is_too_short_is_not_stored, |caches| async move {
    let inner = Inner::new(|_| async { Ok(respond(&[PUBLIC, ("content-length", "10")], "short")) });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    for calls in 1..3 {
        assert_eq!(front.get("/").await.body, "short");
        assert_eq!(inner.calls(), calls);
    }
});

on_each_backend!(trailers_pass, |caches| async move {
    let inner = Inner::new(|_: Request<Body>| async {
        let frames = ["a", "b"].map(|part| Ok::<_, Infallible>(http_body::Frame::data(Bytes::from(part))));
        let trailers =
            [("checksum", "1")].map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let last = Ok(http_body::Frame::trailers(trailers.into_iter().collect()));
        let stream = futures_util::stream::iter(frames.into_iter().chain([last]));
        Ok(respond(&[PUBLIC], Body::new(StreamBody::new(stream))))
    });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    for _ in 0..2 {
        let response: Response<_> = front.raw("GET", "/", &[]).await.unwrap();
        let collected = response.into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["checksum"], "1");
        assert_eq!(collected.to_bytes(), "ab");
    }
});

on_each_backend!(a_head_is_answered_from_a_get_and_fills_nothing, |caches| async move {
    let inner = Inner::new(|_| async { Ok(respond(&[PUBLIC], "0123456789")) });
    let front = inner.behind(&layer(&caches.new_cache().await, Route::new()));
    let seen = front.send("HEAD", "/", &[]).await;
    assert_eq!(seen.x_cache(), "MISS");
    assert_eq!(front.get("/").await.body, "0123456789", "a HEAD's empty body was not stored");
    let seen = front.send("HEAD", "/", &[]).await;
    assert_eq!((seen.body.as_str(), seen.header("content-length"), seen.x_cache()), ("", "10", "HIT"));
    assert_eq!(inner.calls(), 2);
});
