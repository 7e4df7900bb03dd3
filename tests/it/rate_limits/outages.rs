//! Rate limits while the server is away, and when it is back.

use std::time::Duration;

use jollycache::rate_limit::{Decision, Limit, RateLimiter};
use jollycache::{Cache, Policy, RedisBackend};
use jollycache_tests::RedisServer;
use tokio::time::Instant;

use super::{ALGORITHMS, LONG, limit, limiter};

/// Generous beside the default of 50 ms, so that a loaded machine is no broken server.
const TIMEOUT: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(10);

async fn cache(url: &str) -> Cache {
    let backend = RedisBackend::connect(url).await.expect("a server that is down is no error");
    let policy = Policy::new().timeout(TIMEOUT);
    Cache::builder().namespace("it").backend(backend).default_policy(policy).build().unwrap()
}

async fn asked_at_once(limiter: &RateLimiter, asks: usize) -> Vec<Decision> {
    let asking: Vec<_> = (0..asks)
        .map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move { limiter.check("alice").await })
        })
        .collect();
    let mut decisions = Vec::new();
    for decision in asking {
        decisions.push(decision.await.unwrap());
    }
    decisions
}

fn passed(decisions: &[Decision]) -> usize {
    decisions.iter().filter(|decision| decision.allowed).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_each_process_allows_its_share_exactly() {
    let Some(mut server) = RedisServer::start() else { return };
    server.kill();
    let cache = cache(&server.url()).await;
    for algorithm in ALGORITHMS {
        for (share, expected) in [(0.5, 10), (1.0, 20), (0.01, 1)] {
            let builder = RateLimiter::builder(&cache).limit(limit(algorithm, 20)).local_share(share);
            let limiter = builder.build().unwrap();
            let decisions = asked_at_once(&limiter, 50).await;
            assert!(decisions.iter().all(|decision| decision.degraded && decision.limit() == 20));
            assert_eq!(passed(&decisions), expected, "{algorithm:?}, {share}");
            let stats = &limiter.stats()[0];
            assert_eq!(
                (stats.allowed, stats.limited, stats.degraded),
                (expected as u64, 50 - expected as u64, 50)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_or_dies_delays_no_request_and_is_used_again_when_it_is_back() {
    let Some(mut server) = RedisServer::start() else { return };
    let cache = cache(&server.url()).await;
    let limiter = RateLimiter::builder(&cache).limit(Limit::new(100, LONG)).build().unwrap();
    assert!(!limiter.check("alice").await.degraded);

    server.stop();
    let start = Instant::now();
    for _ in 0..20 {
        let decision = limiter.check("alice").await;
        assert!(decision.allowed && decision.degraded);
    }
    // The breaker opens after five timeouts; with a little for a loaded machine.
    assert!(start.elapsed() < TIMEOUT * 8, "{:?}", start.elapsed());
    server.cont();
    back(&limiter).await;

    server.kill();
    let decision = limiter.check("alice").await;
    assert!(decision.allowed && decision.degraded);
    assert!(limiter.reset("alice").await.is_err(), "not everything was forgotten");
    server.restart();
    back(&limiter).await;
    limiter.reset("alice").await.unwrap();
    assert_eq!(limiter.check("alice").await.remaining(), 99);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_to_write_is_an_outage_to_limits() {
    let Some(server) = RedisServer::start() else { return };
    let cache = cache(&server.url()).await;
    let limiter = RateLimiter::builder(&cache).limit(Limit::new(4, LONG)).build().unwrap();
    assert!(!limiter.check("alice").await.degraded);
    let mut admin = server.client();
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("1").exec(&mut admin).unwrap();
    let decisions = asked_at_once(&limiter, 10).await;
    assert!(decisions.iter().all(|decision| decision.degraded));
    assert_eq!(passed(&decisions), 2);
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("0").exec(&mut admin).unwrap();
    let decision = limiter.check("alice").await;
    assert!(decision.allowed && !decision.degraded && decision.remaining() == 2, "{decision:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_foreign_under_a_limits_key_gives_way() {
    let Some(server) = RedisServer::start() else { return };
    let cache = cache(&server.url()).await;
    let limiter = limiter(&cache, ALGORITHMS.map(|algorithm| limit(algorithm, 3)));
    limiter.check("alice").await;
    let mut looker = server.client();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut looker).unwrap();
    for foreign in [
        &["HSET", "field", "value"][..],
        &["SET", ""],
        &["SET", "\u{1}\u{2}RB"],
        &["SADD", "member"],
        &["RPUSH", "a", "b", "c"],
    ] {
        for key in &keys {
            redis::cmd("DEL").arg(key).exec(&mut looker).unwrap();
            redis::cmd(foreign[0]).arg(key).arg(&foreign[1..]).exec(&mut looker).unwrap();
        }
        let decision = limiter.check("alice").await;
        assert!(decision.allowed && !decision.degraded, "{foreign:?}: {decision:?}");
        assert_eq!(
            decision.limits.iter().map(|limit| limit.remaining).collect::<Vec<_>>(),
            [2; 3],
            "{foreign:?}"
        );
        for key in &keys {
            let left: i64 = redis::cmd("PTTL").arg(key).query(&mut looker).unwrap();
            assert!(left > 0, "{foreign:?} left {key} without an end");
        }
    }
}

async fn back(limiter: &RateLimiter) {
    let start = Instant::now();
    while limiter.check("alice").await.degraded {
        assert!(start.elapsed() < PATIENCE, "the server is not used again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
