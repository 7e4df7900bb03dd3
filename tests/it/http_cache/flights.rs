//! One load for all concurrent requests, and a result that is not shared if an eviction came meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jollycache::http::Route;
use jollycache::{Cache, Policy};
use jollycache_tests::Gate;

use super::support::{Front, HOUR, Inner, PUBLIC, Seen, layer, layer_with, respond};
use crate::backends::on_each_backend;

const CLIENTS: usize = 64;

/// A service that stands at a gate in each call, and numbers its answers.
fn gated(fields: &'static [(&'static str, &'static str)]) -> (Inner, Gate) {
    gated_then(fields, fields)
}

/// As [`gated`], with other fields from the second call on: a response that ages in a test is followed by one that
/// does not, however slow the machine is.
fn gated_then(
    first: &'static [(&'static str, &'static str)],
    then: &'static [(&'static str, &'static str)],
) -> (Inner, Gate) {
    let gate = Gate::new();
    let (held, number) = (gate.clone(), Arc::new(std::sync::atomic::AtomicUsize::new(0)));
    let inner = Inner::new(move |_| {
        let (held, number) = (held.clone(), number.clone());
        async move {
            let number = number.fetch_add(1, Ordering::SeqCst) + 1;
            held.pass().await;
            Ok(respond(if number == 1 { first } else { then }, number.to_string()))
        }
    });
    (inner, gate)
}

fn ask(front: &Front, path: &'static str) -> tokio::task::JoinHandle<Seen> {
    let front = front.clone();
    tokio::spawn(async move { front.get(path).await })
}

/// Waits until so many calls of a cache wait for others.
async fn until_waiting(cache: &Cache, count: usize) {
    while cache.stats().waiting < count {
        tokio::task::yield_now().await;
    }
}

on_each_backend!(many_clients_ask_once, |caches| async move {
    for fields in [&[PUBLIC][..], &[PUBLIC, ("vary", "accept")]] {
        let fields: &'static [_] = Box::leak(fields.to_vec().into_boxed_slice());
        let (inner, gate) = gated(fields);
        let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
        let path = if fields.len() == 1 { "/plain" } else { "/varied" };
        let fronts = [&cache, &other].map(|cache| inner.behind(&layer(cache, Route::new())));
        let leader = ask(&fronts[0], path);
        gate.reached().await;
        let others: Vec<_> = (0..CLIENTS).map(|index| ask(&fronts[index % 2], path)).collect();
        until_waiting(&cache, CLIENTS / 2).await;
        gate.open();
        assert_eq!(leader.await.unwrap().x_cache(), "MISS");
        for seen in others {
            let seen = seen.await.unwrap();
            assert_eq!((seen.body.as_str(), seen.x_cache()), ("1", "HIT"), "{path}");
        }
        assert_eq!(inner.calls(), 1, "{path}");
    }
});

on_each_backend!(what_cannot_be_stored_is_waited_for_once, |caches| async move {
    let (inner, gate) = gated(&[("cache-control", "no-store")]);
    let cache = caches.new_cache().await;
    let front = inner.behind(&layer(&cache, Route::new()));
    let leader = ask(&front, "/");
    gate.reached().await;
    let others: Vec<_> = (0..8).map(|_| ask(&front, "/")).collect();
    until_waiting(&cache, 8).await;
    gate.open();
    assert_eq!(leader.await.unwrap().body, "1");
    // All others are at the gate at once: none waits for another.
    for _ in 0..8 {
        gate.reached().await;
    }
    for _ in 0..8 {
        gate.open();
    }
    for seen in others {
        assert_eq!(
            seen.await.unwrap().header("cache-status"),
            "jollycache; fwd=bypass; fwd-status=200; detail=uncacheable"
        );
    }
    assert_eq!(inner.calls(), 9);
});

on_each_backend!(a_cancelled_client_leaves_the_load_to_another, |caches| async move {
    let (inner, gate) = gated(&[PUBLIC]);
    let cache = caches.new_cache().await;
    let front = inner.behind(&layer(&cache, Route::new()));
    let leader = ask(&front, "/");
    gate.reached().await;
    let others: Vec<_> = (0..4).map(|_| ask(&front, "/")).collect();
    until_waiting(&cache, 4).await;
    leader.abort();
    gate.reached().await;
    gate.open();
    for seen in others {
        assert_eq!(seen.await.unwrap().body, "2");
    }
    assert_eq!(inner.calls(), 2);
});

on_each_backend!(a_panic_in_the_service_hurts_one_client, |caches| async move {
    let panics = Arc::new(AtomicBool::new(true));
    let (gate, once) = (Gate::new(), panics.clone());
    let held = gate.clone();
    let inner = Inner::new(move |_| {
        let (held, panics) = (held.clone(), once.swap(false, Ordering::SeqCst));
        async move {
            if panics {
                held.pass().await;
                panic!("the service is broken");
            }
            Ok(respond(&[PUBLIC], "well"))
        }
    });
    let cache = caches.new_cache().await;
    let front = inner.behind(&layer(&cache, Route::new()));
    let leader = ask(&front, "/");
    gate.reached().await;
    let others: Vec<_> = (0..4).map(|_| ask(&front, "/")).collect();
    until_waiting(&cache, 4).await;
    gate.open();
    assert!(leader.await.unwrap_err().is_panic());
    for seen in others {
        assert_eq!(seen.await.unwrap().body, "well");
    }
    front.get("/").await;
    assert_eq!(front.get("/").await.x_cache(), "HIT");
});

on_each_backend!(a_response_overtaken_by_an_eviction_is_not_stored, |caches| async move {
    for (path, fields) in [("/p/1", &[HOUR][..]), ("/p/2", &[HOUR, ("vary", "accept")])] {
        let fields: &'static [_] = Box::leak(fields.to_vec().into_boxed_slice());
        let (inner, gate) = gated(fields);
        let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
        let tagged = layer_with(&cache, |builder| builder.route("/p/{id}", Route::new().tag("product:{id}")));
        let front = inner.behind(&tagged);
        let early = ask(&front, path);
        gate.reached().await;
        other.evict_tags([path.replace("/p/", "product:")]).await.unwrap();
        // It began after the eviction was acknowledged, so the load that began before is nothing to it.
        let late = ask(&front, path);
        gate.open();
        let early = early.await.unwrap();
        assert_eq!((early.body.as_str(), early.header("cache-status").contains("stored")), ("1", false));
        gate.reached().await;
        gate.open();
        assert_eq!(late.await.unwrap().body, "2");
        assert_eq!(front.get(path).await.body, "2");
    }
});

on_each_backend!(a_stale_response_is_served_while_one_request_revalidates, |caches| async move {
    let (inner, gate) = gated_then(&[("cache-control", "max-age=1, stale-while-revalidate=60")], &[HOUR]);
    let cache = caches.new_cache().await;
    let layer = layer(&cache, Route::new());
    let front = inner.behind(&layer);
    let first = ask(&front, "/");
    gate.reached().await;
    gate.open();
    assert_eq!(first.await.unwrap().body, "1");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for _ in 0..10 {
        let seen = front.get("/").await;
        assert_eq!((seen.body.as_str(), seen.x_cache()), ("1", "STALE"));
    }
    gate.reached().await;
    assert_eq!(inner.calls(), 2, "one asks, in the background");
    gate.open();
    while front.get("/").await.body != "2" {
        tokio::task::yield_now().await;
    }
    assert_eq!(inner.calls(), 2);
});

on_each_backend!(no_stale_response_is_served_where_it_may_not_be, |caches| async move {
    let (inner, gate) = gated_then(&[("cache-control", "max-age=1"), ("etag", "\"1\"")], &[HOUR]);
    let (cache, other) = (caches.new_cache().await, caches.new_cache().await);
    let fronts = [&cache, &other].map(|cache| inner.behind(&layer(cache, Route::new())));
    let first = ask(&fronts[0], "/");
    gate.reached().await;
    gate.open();
    assert_eq!(first.await.unwrap().body, "1");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let leader = ask(&fronts[0], "/");
    gate.reached().await;
    let others: Vec<_> = (0..8).map(|index| ask(&fronts[index % 2], "/")).collect();
    until_waiting(&cache, 4).await;
    gate.open();
    assert_eq!(leader.await.unwrap().body, "2");
    for seen in others {
        let seen = seen.await.unwrap();
        assert_eq!((seen.body.as_str(), seen.x_cache()), ("2", "HIT"));
    }
    assert_eq!(inner.calls(), 2);
});

on_each_backend!(a_dropped_layer_leaves_no_task, |caches| async move {
    let (inner, gate) = gated(&[("cache-control", "max-age=1, stale-while-revalidate=60")]);
    let guard = Arc::new(());
    let held = guard.clone();
    let endless = Policy::new().lease(Duration::from_hours(1));
    let cache = caches.new_cache_with(|builder| builder.region("http", endless)).await;
    let layer = layer(&cache, Route::new().skip_if(move |_| Arc::strong_count(&held) == 0));
    let front = inner.behind(&layer);
    let first = ask(&front, "/");
    gate.reached().await;
    gate.open();
    first.await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(front.get("/").await.x_cache(), "STALE");
    gate.reached().await;
    drop((front, layer));
    let ends = async {
        while Arc::strong_count(&guard) > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ends).await.expect("the task ends with the layer");
});
