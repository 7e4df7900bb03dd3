//! The limiter by itself.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use jollycache::rate_limit::{Limit, RateAlgorithm, RateLimiter, RateLimiterBuilder};
use jollycache::{ErrorKind, MemoryBackend};

use super::{ALGORITHMS, LONG, limit, limiter, passed_at_once};
use crate::backends::{Caches, on_each_backend};

on_each_backend!(of_many_at_once_over_two_caches_exactly_the_quota_passes, |caches| async move {
    let (one, other) = (caches.new_cache().await, caches.new_cache().await);
    for algorithm in ALGORITHMS {
        let [one, other] = [&one, &other].map(|cache| limiter(cache, [limit(algorithm, 60)]));
        let (here, there) =
            tokio::join!(passed_at_once(&one, "alice", 150), passed_at_once(&other, "alice", 150));
        assert_eq!(here + there, 60, "{algorithm:?}");
        assert_eq!(passed_at_once(&one, "bob", 10).await, 10, "{algorithm:?}: another subject");
    }
});

on_each_backend!(limits_about_different_subjects_are_all_or_nothing, |caches| async move {
    let cache = caches.new_cache().await;
    let limiter =
        limiter(&cache, [Limit::new(100, LONG).name("per_ip"), Limit::new(3, LONG).name("per_user")]);
    let ask = async |ip: &str, user: Option<u64>| {
        let question = limiter.ask().by("per_ip", ip).unwrap();
        match user {
            Some(user) => question.by("per_user", &user).unwrap().check().await,
            None => question.check().await,
        }
    };
    for ip in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        assert!(ask(ip, Some(7)).await.allowed);
    }
    let refused = ask("192.0.2.1", Some(7)).await;
    assert!(!refused.allowed);
    assert_eq!(&*refused.tightest().unwrap().name, "per_user");
    assert_eq!((refused.limit(), refused.remaining()), (3, 0));
    let names: Vec<_> =
        refused.limits.iter().map(|limit| (&*limit.name, limit.allowed, limit.remaining)).collect();
    assert_eq!(names, [("per_ip", true, 99), ("per_user", false, 0)]);
    // The refusal took nothing from the address, and somebody without a name is not limited by user.
    assert_eq!(ask("192.0.2.1", None).await.remaining(), 98);
    assert!(ask("192.0.2.1", Some(8)).await.allowed);
    assert!(limiter.ask().check().await.allowed, "nothing was asked");
});

on_each_backend!(a_reset_restores_the_quota_of_its_subject_only, |caches| async move {
    let cache = caches.new_cache().await;
    let limiter = limiter(&cache, ALGORITHMS.map(|algorithm| limit(algorithm, 2)));
    for subject in ["alice", "bob"] {
        assert_eq!(passed_at_once(&limiter, subject, 5).await, 2);
    }
    limiter.reset("alice").await.unwrap();
    assert_eq!(passed_at_once(&limiter, "alice", 5).await, 2);
    assert_eq!(passed_at_once(&limiter, "bob", 5).await, 0);
    limiter.ask().by("log", "bob").unwrap().reset().await.unwrap();
    let bob = limiter.peek("bob").await;
    assert_eq!(bob.limits.iter().map(|limit| limit.remaining).collect::<Vec<_>>(), [2, 0, 0]);
});

on_each_backend!(a_peek_decides_as_a_check_would, |caches| async move {
    let cache = caches.new_cache().await;
    let limiter = limiter(&cache, [limit(RateAlgorithm::SlidingLog, 2)]);
    for _ in 0..5 {
        let decision = limiter.peek("alice").await;
        assert!(
            decision.allowed && decision.remaining() == 2 && decision.retry_after() == Some(Duration::ZERO)
        );
    }
    assert_eq!(passed_at_once(&limiter, "alice", 2).await, 2);
    let (seen, checked) = (limiter.peek("alice").await, limiter.check("alice").await);
    assert!(!seen.allowed && !checked.allowed);
    assert!(seen.retry_after().is_some_and(|wait| wait > LONG / 2 && wait <= LONG), "{seen:?}");
    assert_eq!(limiter.stats()[0].allowed, 2, "looks are not counted");
    assert_eq!(limiter.stats()[0].limited, 1);
});

on_each_backend!(costs_add_up_and_one_beyond_the_limit_never_passes, |caches| async move {
    let cache = caches.new_cache().await;
    for algorithm in ALGORITHMS {
        let limiter = limiter(&cache, [limit(algorithm, 10)]);
        assert_eq!(limiter.check_n("alice", 7).await.remaining(), 3);
        assert!(!limiter.check_n("alice", 4).await.allowed);
        assert!(limiter.check_n("alice", 0).await.allowed);
        for cost in [11, u64::MAX] {
            let refused = limiter.check_n("alice", cost).await;
            assert!(!refused.allowed && refused.retry_after().is_none(), "{algorithm:?}: {refused:?}");
        }
        assert_eq!(limiter.check_n("alice", 3).await.remaining(), 0, "{algorithm:?}");
    }
});

on_each_backend!(hostile_subjects_stay_apart, |caches| async move {
    let cache = caches.new_cache().await;
    let long = "x".repeat(10_000);
    let longer = "x".repeat(10_001);
    let subjects = [
        "",
        "a",
        "a:b",
        "a%3Ab",
        "*",
        "?",
        "{a}",
        "#rate:a",
        "a\r\nFLUSHALL\r\n",
        "a\0",
        "ä",
        "!",
        "(a,)",
        &long,
        &longer,
    ];
    for is_hashed in [true, false] {
        let name = if is_hashed { "hashed" } else { "readable" };
        let builder = RateLimiter::builder(&cache).limit(Limit::new(1, LONG).name(name));
        let limiter = builder.hash_subjects(is_hashed).build().unwrap();
        for subject in subjects {
            assert!(limiter.check(subject).await.allowed, "{subject:?}");
        }
        for subject in subjects {
            assert!(!limiter.check(subject).await.allowed, "{subject:?}");
        }
    }
});

on_each_backend!(limits_of_one_name_and_other_numbers_do_not_share, |caches| async move {
    let cache = caches.new_cache().await;
    let old = limiter(&cache, [Limit::new(2, LONG)]);
    let new = limiter(&cache, [Limit::new(3, LONG)]);
    assert_eq!(passed_at_once(&old, "alice", 5).await, 2);
    assert_eq!(passed_at_once(&new, "alice", 5).await, 3);
    let bucket = limiter(&cache, [Limit::new(3, LONG).algorithm(RateAlgorithm::TokenBucket).burst(1)]);
    assert_eq!(passed_at_once(&bucket, "alice", 5).await, 1);
});

on_each_backend!(flushing_the_cache_opens_no_gate, |caches| async move {
    let cache = caches.new_cache().await;
    let limiter = limiter(&cache, ALGORITHMS.map(|algorithm| limit(algorithm, 1)));
    assert!(limiter.check("alice").await.allowed);
    cache.flush().await.unwrap();
    assert!(limiter.peek("alice").await.limits.iter().all(|limit| !limit.allowed));
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_has_a_subject_in_clear_unless_it_is_set_and_every_key_ends() {
    let Some(Caches::Redis(server)) = Caches::redis() else { return };
    let caches = Caches::Redis(server);
    let cache = caches.new_cache().await;
    let ip: IpAddr = Ipv6Addr::LOCALHOST.into();
    limiter(&cache, ALGORITHMS.map(|algorithm| limit(algorithm, 5))).check("alice@example.org").await;
    limiter(&cache, [Limit::new(1, LONG)]).check(&ip).await;
    let readable = RateLimiter::builder(&cache).limit(Limit::new(2, LONG).name("readable"));
    readable.hash_subjects(false).build().unwrap().check("bob*\r\n").await;
    let Caches::Redis(server) = &caches else { unreachable!("as above") };
    let mut looker = server.client();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut looker).unwrap();
    assert_eq!(keys.len(), 5, "{keys:?}");
    for key in &keys {
        assert!(key.starts_with("it:#rate:") && !key.contains("alice") && !key.contains("::1"), "{key}");
        let left: i64 = redis::cmd("PTTL").arg(key).query(&mut looker).unwrap();
        assert!(left > 0 && u128::try_from(left).unwrap() <= 2 * LONG.as_millis(), "{key} ends in {left} ms");
    }
    assert!(keys.iter().any(|key| key.ends_with(":bob%2A%0D%0A")), "{keys:?}");
}

#[tokio::test]
async fn mistakes_are_errors_when_a_limiter_is_built() {
    let cache = jollycache::Cache::builder().namespace("it").backend(MemoryBackend::new()).build().unwrap();
    let minute = Duration::from_mins(1);
    let build = |limits: Vec<Limit>, share: f64| {
        let builder = RateLimiter::builder(&cache).local_share(share);
        limits.into_iter().fold(builder, RateLimiterBuilder::limit).build()
    };
    let too_many = (0..17).map(|i| Limit::new(1, minute).name(format!("limit{i}"))).collect();
    for (limits, share, problem) in [
        (vec![Limit::new(0, minute)], 1.0, "\"default\" has a quota of 0"),
        (vec![Limit::new(1, Duration::ZERO)], 1.0, "window of 0ns"),
        (vec![Limit::new(1, minute).burst(1)], 1.0, "only a token bucket"),
        (vec![Limit::new(1, minute).name("Per IP")], 1.0, "\"Per IP\""),
        (vec![Limit::new(1, minute).name("a\"; evil")], 1.0, "expected 1 to 32 of a-z"),
        (vec![Limit::new(1, minute).name("")], 1.0, "named \"\""),
        (vec![Limit::new(1, minute).name("n".repeat(33))], 1.0, "expected 1 to 32"),
        (vec![Limit::new(1, minute), Limit::new(2, minute)], 1.0, "two limits are named \"default\""),
        (too_many, 1.0, "17 limits"),
        (vec![], 0.0, "local share of 0"),
        (vec![], 1.5, "local share of 1.5"),
        (vec![], f64::NAN, "local share of NaN"),
    ] {
        let error = build(limits, share).expect_err(problem);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(problem), "{error}");
    }
    let limiter = build(vec![], 1.0).unwrap();
    let decision = limiter.check("alice").await;
    assert_eq!((decision.limit(), decision.remaining()), (100, 99), "the default is 100 in a minute");
    let error = limiter.ask().by("per_ip", "alice").expect_err("no such limit");
    assert!(error.kind() == ErrorKind::Config && error.to_string().contains("\"default\""), "{error}");
}
