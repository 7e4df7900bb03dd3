//! Sessions, rate limits, locks, events, audits, warm-ups and the response cache: odd values, cancelled callers, a
//! slow network.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use jollycache::http::{ResponseCacheLayer, Route};
use jollycache::rate_limit::{Limit, RateAlgorithm, RateLimiter};
use jollycache::session::SessionService;
use jollycache::{Audit, Cache, Key, MemoryBackend, Notice, Policy, RedisBackend, WarmUp};
use jollycache_outside::proxy::Proxy;
use jollycache_outside::redis_server::RedisServer;
use jollycache_outside::seed;
use jollycache_outside::source::Record;
use jollycache_outside::wait::{bounded, until};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};
use tower::{Layer, ServiceExt, service_fn};

use crate::caches::{patience, patient};

const NAMES: [&str; 10] = ["", " ", "ada", "ADA", "a:b", "*", "{ada}", "a\nb\0", "é", "e\u{301}"];

/// A cache behind a network of 5 to 60 ms each way.
async fn far(namespace: &str, server: &RedisServer, rng: u64) -> (Cache, Proxy) {
    let proxy = Proxy::before(server.address(), rng).await;
    proxy.delay(5..60);
    (patient(namespace, RedisBackend::builder(proxy.url()).build().expect("a backend")), proxy)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Basket {
    items: BTreeMap<String, Option<i64>>,
    note: Option<String>,
}

#[tokio::test]
async fn sessions_of_odd_users_keep_apart() {
    let sessions = SessionService::<Basket>::builder(patient("outside:session", MemoryBackend::new()))
        .build()
        .expect("a service");
    let mut begun = Vec::new();
    // A user has a name.
    for user in &NAMES[1..] {
        let basket = Basket {
            items: NAMES.iter().map(|name| ((*name).to_owned(), None)).collect(),
            note: Some((*user).to_owned()),
        };
        let (id, _) = sessions.create(user, basket.clone()).await.expect("a session");
        begun.push((user, id, basket));
    }
    for (user, id, basket) in &begun {
        let session = sessions.validate(id).await.expect("no error").expect("a live session");
        assert_eq!((session.user(), &session.data), (**user, basket));
        assert_eq!(sessions.count(user).await.expect("no error"), 1, "{user:?}");
    }
    sessions.destroy_all("a:b").await.expect("no error");
    for (user, id, _) in &begun {
        assert_eq!(sessions.validate(id).await.expect("no error").is_some(), **user != "a:b", "{user:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_session_calls_leave_no_session_behind_a_destroy() {
    let mut rng = seed::rng("cancelled_session_calls");
    let Some(server) = RedisServer::start() else { return };
    let (cache, _proxy) = far("outside:session", &server, rng.random()).await;
    let sessions = SessionService::<u64>::builder(cache).max_per_user(4).build().expect("a service");
    let (id, _) = sessions.create("ada", 0).await.expect("a session");
    let calls = (0..40).map(|number| {
        let (sessions, id) = (&sessions, &id);
        let patience = Duration::from_millis(rng.random_range(0..700));
        async move {
            match number % 4 {
                0 => timeout(patience, sessions.create("ada", number)).await.map(drop),
                1 => timeout(patience, sessions.update(id, |data| *data += 1)).await.map(drop),
                2 => timeout(patience, sessions.rotate(id)).await.map(drop),
                _ => timeout(patience, sessions.validate(id)).await.map(drop),
            }
        }
    });
    bounded("all calls", join_all(calls.collect::<Vec<_>>())).await;
    let count = sessions.count("ada").await.expect("no error");
    assert!(count <= 4, "{count} sessions");
    sessions.destroy_all("ada").await.expect("no error");
    for _ in 0..20 {
        assert_eq!(sessions.count("ada").await.expect("no error"), 0);
        assert!(sessions.validate(&id).await.expect("no error").is_none(), "a destroyed session is back");
    }
    let (id, _) = bounded("a new session", sessions.create("ada", 7)).await.expect("a session");
    assert_eq!(sessions.validate(&id).await.expect("no error").expect("a live session").data, 7);
}

#[tokio::test]
async fn rate_limits_of_odd_subjects_keep_apart() {
    let cache = patient("outside:rate", MemoryBackend::new());
    for algorithm in [RateAlgorithm::SlidingLog, RateAlgorithm::SlidingCounter, RateAlgorithm::TokenBucket] {
        for hashed in [true, false] {
            let name = format!("{}{hashed}", format!("{algorithm:?}").to_lowercase());
            let limit = Limit::new(3, Duration::from_hours(1)).algorithm(algorithm).name(name);
            let limiter =
                RateLimiter::builder(&cache).limit(limit).hash_subjects(hashed).build().expect("a limiter");
            for subject in NAMES {
                let decisions = join_all((0..8).map(|_| limiter.check(subject))).await;
                assert_eq!(decisions.iter().filter(|decision| decision.allowed).count(), 3, "{subject:?}");
            }
            assert_eq!(limiter.check_n("ada", 0).await.retry_after(), Some(Duration::ZERO));
            assert_eq!(limiter.check_n("bob", u64::MAX).await.retry_after(), None);
            assert!(limiter.check_n("bob", 3).await.allowed, "a refused request costs nothing");
            limiter.reset("bob").await.expect("no error");
            assert!(limiter.check_n("bob", 3).await.allowed, "it was reset");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate_limits_hold_over_a_slow_network_with_cancelled_callers() {
    const QUOTA: u64 = 50;
    let mut rng = seed::rng("rate_limits_hold_over_a_slow_network");
    let Some(server) = RedisServer::start() else { return };
    let (cache, _proxy) = far("outside:rate", &server, rng.random()).await;
    let near = patient("outside:rate", RedisBackend::builder(server.url()).build().expect("a backend"));
    let limit = || Limit::new(QUOTA, Duration::from_hours(1)).name("shared");
    let limiters =
        [&cache, &near].map(|cache| RateLimiter::builder(cache).limit(limit()).build().expect("a limiter"));
    let calls = (0..200_usize).map(|number| {
        let limiter = &limiters[number % 2];
        let patience = Duration::from_millis(if number % 3 == 0 { rng.random_range(0..150) } else { 20_000 });
        async move { timeout(patience, limiter.check("ada")).await.ok() }
    });
    let decisions = bounded("all calls", join_all(calls.collect::<Vec<_>>())).await;
    let allowed = decisions.iter().flatten().filter(|decision| decision.allowed).count();
    assert!(decisions.iter().flatten().all(|decision| !decision.degraded), "a healthy server");
    assert!(allowed as u64 <= QUOTA, "{allowed} of {QUOTA}");
    assert!(!limiters[1].check("ada").await.allowed, "200 requests, and still room");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_exclude_over_a_slow_network_with_cancelled_callers() {
    let mut rng = seed::rng("locks_exclude_over_a_slow_network");
    let Some(server) = RedisServer::start() else { return };
    let (cache, _proxy) = far("outside:lock", &server, rng.random()).await;
    let near = patient("outside:lock", RedisBackend::builder(server.url()).build().expect("a backend"));
    let (held, fence) = (AtomicBool::new(false), AtomicU64::new(0));
    let owners = (0..60_usize).map(|number| {
        let cache = if number % 2 == 0 { &cache } else { &near };
        let (held, fence) = (&held, &fence);
        let patience = Duration::from_millis(if number % 3 == 0 { rng.random_range(0..400) } else { 40_000 });
        async move {
            // A `ttl` that no owner outlives: two owners at once are an error.
            let acquire = cache.lock("x").ttl(Duration::from_mins(5)).wait(Duration::from_mins(1)).acquire();
            let Ok(guard) = timeout(patience, acquire).await else { return };
            let guard = guard.expect("a lock");
            assert!(!held.swap(true, Ordering::SeqCst), "two owners");
            assert!(
                fence.swap(guard.fence(), Ordering::SeqCst) < guard.fence(),
                "a fence that does not grow"
            );
            sleep(Duration::from_millis(2)).await;
            held.store(false, Ordering::SeqCst);
            if number % 2 == 0 {
                drop(guard);
            } else {
                assert!(guard.release().await.expect("no error"), "it was lost");
            }
        }
    });
    bounded("all owners", join_all(owners.collect::<Vec<_>>())).await;
    let last = near.lock("x").wait(Duration::from_mins(1)).acquire();
    drop(bounded("a lock after the storm", last).await.expect("a lock"));
}

#[tokio::test]
async fn locks_of_odd_names_keep_apart() {
    let cache = patient("outside:lock", MemoryBackend::new());
    let mut held = Vec::new();
    for name in NAMES {
        let key = Key::builder().literal("lock:").part(name).build();
        held.push(cache.lock(&key).acquire().await.expect("a lock of its own"));
        assert!(cache.lock(key).acquire().await.is_err(), "{name:?} is held");
    }
}

#[tokio::test]
async fn events_bring_odd_names_as_they_are_stored() {
    let Some(server) = RedisServer::start() else { return };
    let backend = RedisBackend::builder(server.url()).build().expect("a backend");
    let cache = Cache::builder()
        .namespace("outside:events")
        .backend(backend)
        .events(true)
        .default_policy(patience())
        .build()
        .expect("a cache");
    let mut events = bounded("a subscription", cache.events()).await.expect("a subscription");
    let key = |name: &str| Key::builder().literal("k:").part(name).build();
    for name in NAMES {
        cache.evict(key(name)).await.expect("an eviction");
    }
    let mut seen = BTreeSet::new();
    while seen.len() < NAMES.len() {
        match bounded("an event", events.next()).await {
            Notice::Invalidated(event) => seen.extend(event.keys),
            Notice::Missed(missed) => panic!("{missed:?} events of ten were missed"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, NAMES.iter().map(|name| key(name).as_str().to_owned()).collect());
}

#[tokio::test]
async fn an_audit_finds_what_changed_under_odd_keys() {
    let cache = patient("outside:audit", MemoryBackend::new());
    let source: Arc<BTreeMap<String, f64>> =
        Arc::new(NAMES.iter().map(|name| ((*name).to_owned(), 0.1)).collect());
    let audited = Arc::clone(&source);
    let load = move |key: Key| {
        let source = Arc::clone(&audited);
        async move {
            let name = key.segments().nth(1).unwrap_or_default();
            Ok::<Option<f64>, std::io::Error>(source.get(&name).copied())
        }
    };
    cache.register_audit("odd", Audit::new(load).sample(100)).expect("an audit");
    let policy = Policy::new().region("odd");
    for (index, name) in NAMES.iter().enumerate() {
        let value = if index % 2 == 0 { 0.1 } else { 0.2 };
        cache.put(Key::builder().literal("k:").part(*name), &value, &policy).await.expect("a put");
    }
    let report = cache.audit_now().await.expect("no error");
    assert_eq!(
        (report.total.audited, report.total.differences, report.total.repaired),
        (10, 5, 5),
        "{report:?}"
    );
    for name in NAMES {
        assert_eq!(
            cache.get(Key::builder().literal("k:").part(name)).await.expect("a read"),
            Some(0.1_f64),
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn a_cancelled_warm_up_can_be_run_again() {
    let cache = patient("outside:warm", MemoryBackend::new());
    let filled = cache.clone();
    let warm_up = WarmUp::builder(&cache)
        .loader(
            "odd",
            || async { Ok::<_, Infallible>(NAMES.to_vec()) },
            move |name| {
                let cache = filled.clone();
                async move {
                    let load = || async {
                        sleep(Duration::from_millis(20)).await;
                        Ok::<_, Infallible>(name.to_owned())
                    };
                    cache.get_or_load(Key::builder().literal("k:").part(name), &Policy::new(), load).await
                }
            },
        )
        .concurrency(2)
        .build()
        .expect("a warm-up");
    for patience in [0, 5, 30] {
        let _ = timeout(Duration::from_millis(patience), warm_up.run(&[])).await;
        warm_up.start(&["odd"]).expect("it does not run");
        warm_up.cancel();
        until("it is cancelled", || async { !warm_up.progress().running }).await;
    }
    let progress = bounded("a run", warm_up.run(&[])).await.expect("no error");
    assert_eq!((progress.total, progress.done, progress.failed), (10, 10, 0));
    for name in NAMES {
        assert_eq!(
            cache.get(Key::builder().literal("k:").part(name)).await.expect("a read"),
            Some(name.to_owned())
        );
    }
}

/// A service whose body is the version of a record, asked by clients of which some go away.
async fn responses(cache: Cache, rng: &mut impl rand::Rng) {
    let record = Arc::new(Record::default());
    let layer = ResponseCacheLayer::builder(&cache)
        .route("/items/{id}", Route::new().ttl(Duration::from_hours(1)).tag("item:{id}"))
        .build()
        .expect("a layer");
    let source = Arc::clone(&record);
    let service = layer.layer(service_fn(move |_: Request<Empty<Bytes>>| {
        let source = Arc::clone(&source);
        async move {
            sleep(Duration::from_millis(3)).await;
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(source.load().to_string()))))
        }
    }));
    let ask = |path: String| {
        let service = service.clone();
        async move {
            let request = Request::get(path).body(Empty::new()).expect("a request");
            let response = service.oneshot(request).await.expect("no error");
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            std::str::from_utf8(&body).expect("a number").parse::<u64>().expect("a number")
        }
    };
    for round in 0..40 {
        let id = ["7", "%2A", "a%3Ab", "%00", "%C3%A9"][rng.random_range(0..5)];
        let tag = Key::builder().literal("item:").part(
            ["7", "*", "a:b", "\0", "é"][["7", "%2A", "a%3Ab", "%00", "%C3%A9"]
                .iter()
                .position(|other| *other == id)
                .expect("one of them")],
        );
        let path = format!("/items/{id}?round={}", round % 3);
        let cancelled =
            (0..6).map(|_| timeout(Duration::from_millis(rng.random_range(0..8)), ask(path.clone())));
        join_all(cancelled.collect::<Vec<_>>()).await;
        let version = record.commit();
        cache.evict_tags([tag.build()]).await.expect("an eviction");
        record.acknowledge(version);
        let asked = bounded("responses", join_all((0..4).map(|_| ask(path.clone())))).await;
        assert!(
            asked.iter().all(|asked| *asked >= version),
            "{path}: {asked:?} after {version} was acknowledged"
        );
        let loads = record.loads();
        assert!(bounded("a response", ask(path.clone())).await >= version);
        assert_eq!(record.loads(), loads, "{path}: not cached");
    }
}

#[tokio::test]
async fn responses_are_never_older_than_an_eviction() {
    let mut rng = seed::rng("responses_are_never_older_than_an_eviction");
    responses(patient("outside:http", MemoryBackend::new()), &mut rng).await;
    let Some(server) = RedisServer::start() else { return };
    responses(
        patient("outside:http", RedisBackend::builder(server.url()).build().expect("a backend")),
        &mut rng,
    )
    .await;
}
