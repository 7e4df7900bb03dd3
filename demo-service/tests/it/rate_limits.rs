//! The rate limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use demo_service::infrastructure::EmbeddedProductRepository;
use jollycache::{Cache, MemoryBackend, Policy, RedisBackend};
use jollycache_tests::RedisServer;

use crate::support::{Reply, TestApp, request_with};

/// A spare one, so that a limit does not end before the test does.
const WINDOW: (&str, &str) = ("RATE_LIMIT_WINDOW", "1h");

/// Long enough for a loaded machine: after a timeout of Redis a service counts by itself.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The backend in which services count; products are irrelevant here.
enum Counts {
    Here,
    OnRedis(RedisServer),
}

impl Counts {
    async fn app_with(&self, variables: &[(&str, &str)]) -> TestApp {
        let variables = [variables, &[("RATE_LIMIT_ENABLED", "true")]].concat();
        let cache = Cache::builder().namespace("limits").default_policy(Policy::new().timeout(TIMEOUT));
        let cache = match self {
            Counts::Here => cache.backend(MemoryBackend::new()),
            Counts::OnRedis(server) => cache.backend(RedisBackend::connect(&server.url()).await.unwrap()),
        };
        let repository = Arc::new(EmbeddedProductRepository::default());
        TestApp::start_with(cache.build().unwrap(), repository, &variables).await
    }
}

/// Makes of each `async fn name(counts: Counts)` two tests.
macro_rules! here_and_on_redis {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                super::$name(Counts::Here).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                if let Some(server) = RedisServer::start() {
                    super::$name(Counts::OnRedis(server)).await;
                }
            }
        }
    )*};
}

async fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    request_with(address, method, path, headers, None).await
}

fn header<'r>(reply: &'r Reply, name: &str) -> &'r str {
    reply.headers.get(name).unwrap_or_else(|| panic!("{name} of {reply:?}")).to_str().unwrap()
}

/// How many of `requests` pass, each with these headers.
async fn passed(app: &TestApp, requests: usize, headers: &[(&str, &str)]) -> usize {
    let sent = (0..requests).map(|_| send(app.address, "GET", "/api/products/count", headers));
    let replies = futures_util::future::join_all(sent).await;
    replies.iter().filter(|reply| reply.status.as_u16() == 200).count()
}

async fn the_hundred_and_first_request_is_refused(counts: Counts) {
    let app = counts.app_with(&[WINDOW]).await;
    let first = app.get("/api/products").await;
    first.data(200);
    assert_eq!(header(&first, "ratelimit-policy"), "\"per_ip\";q=100;w=3600");
    assert_eq!((header(&first, "x-ratelimit-limit"), header(&first, "x-ratelimit-remaining")), ("100", "99"));
    // On every path, also on one without a route.
    assert_eq!(header(&app.get("/api/nothing").await, "x-ratelimit-remaining"), "98");
    assert_eq!(passed(&app, 98, &[]).await, 98);

    let refused = app.get("/api/products").await;
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((3_500..=3_600).contains(&wait), "{wait}");
    assert_eq!(refused.error(429, "rate_limited"), format!("too many requests: try again in {wait} s"));
    assert_eq!(
        (header(&refused, "x-ratelimit-limit"), header(&refused, "x-ratelimit-remaining")),
        ("100", "0")
    );
    assert!(header(&refused, "ratelimit").starts_with("\"per_ip\";r=0;t="));
    assert_eq!(header(&refused, "ratelimit-policy"), "\"per_ip\";q=100;w=3600");
    assert_eq!(header(&refused, "cache-control"), "no-store");
    assert_eq!(header(&refused, "content-type"), "application/json");
    header(&refused, "x-ratelimit-reset");
    header(&refused, "x-request-id");

    for path in ["/health", "/metrics", "/api/cache/stats"] {
        let reply = app.get(path).await;
        assert!(reply.status.is_success() && !reply.headers.contains_key("ratelimit"), "{path}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_share_the_count() {
    let Some(server) = RedisServer::start() else { return };
    let counts = Counts::OnRedis(server);
    let limits = [WINDOW, ("RATE_LIMIT_MAX_REQUESTS", "30")];
    let (one, other) = (counts.app_with(&limits).await, counts.app_with(&limits).await);
    let (here, there) = futures_util::future::join(passed(&one, 40, &[]), passed(&other, 40, &[])).await;
    assert_eq!(here + there, 30, "{here} and {there}");
}

async fn a_client_that_forges_its_address_gains_nothing(counts: Counts) {
    let app = counts.app_with(&[WINDOW, ("RATE_LIMIT_MAX_REQUESTS", "3")]).await;
    let mut total = 0;
    for spoofed in ["192.0.2.1", "192.0.2.2", "192.0.2.3", "127.0.0.1"] {
        let headers = [("x-forwarded-for", spoofed), ("forwarded", "for=192.0.2.9"), ("x-real-ip", spoofed)];
        total += passed(&app, 2, &headers).await;
    }
    assert_eq!(total, 3);
}

async fn behind_a_trusted_proxy_each_client_has_a_count(counts: Counts) {
    let limits = [WINDOW, ("RATE_LIMIT_MAX_REQUESTS", "3"), ("TRUSTED_PROXIES", "127.0.0.0/8")];
    let app = counts.app_with(&limits).await;
    for client in ["192.0.2.1", "2001:db8::1"] {
        assert_eq!(passed(&app, 5, &[("x-forwarded-for", client)]).await, 3, "{client}");
        let spoofed = format!("192.0.2.77, {client}");
        assert_eq!(passed(&app, 2, &[("x-forwarded-for", &spoofed)]).await, 0, "{client}");
    }
}

async fn attempts_to_log_in_have_a_limit_of_their_own(counts: Counts) {
    let app = counts.app_with(&[WINDOW]).await;
    let mut refused = 0;
    for _ in 0..12 {
        let reply = app.send("POST", "/api/auth/login").await;
        refused += usize::from(reply.status.as_u16() == 429);
        assert!(header(&reply, "ratelimit-policy").ends_with("\"login\";q=10;w=60"), "{reply:?}");
    }
    assert_eq!(refused, 2);
    assert_eq!(passed(&app, 1, &[]).await, 1, "the rest of the API is still open");
}

async fn without_limits_nothing_is_counted(counts: Counts) {
    let app = counts.app_with(&[("RATE_LIMIT_ENABLED", "false")]).await;
    assert_eq!(passed(&app, 120, &[]).await, 120);
    assert!(!app.get("/api/products").await.headers.contains_key("ratelimit"));
}

here_and_on_redis!(
    the_hundred_and_first_request_is_refused,
    a_client_that_forges_its_address_gains_nothing,
    behind_a_trusted_proxy_each_client_has_a_count,
    attempts_to_log_in_have_a_limit_of_their_own,
    without_limits_nothing_is_counted,
);
