//! Rate limits before a service.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use jollycache::http::rate_limit::{ClientIp, PeerAddr, RateLimitLayer};
use jollycache::rate_limit::{Limit, RateLimiter};
use jollycache::{Cache, MemoryBackend};
use tower::{Layer, Service, ServiceExt, service_fn};

type Request = axum::http::Request<Full<Bytes>>;
type Response = axum::http::Response<Full<Bytes>>;

const MINUTE: Duration = Duration::from_mins(1);

#[derive(Clone)]
struct UserId(u64);

fn limiter(limits: impl IntoIterator<Item = Limit>) -> RateLimiter {
    let cache = Cache::builder().namespace("it").backend(MemoryBackend::new()).build().unwrap();
    super::limiter(&cache, limits)
}

fn by_ip(quota: u64, client_ip: &ClientIp) -> RateLimitLayer {
    let limiter = limiter([Limit::new(quota, MINUTE).name("per_ip")]);
    RateLimitLayer::new(limiter).by_ip("per_ip", client_ip).unwrap()
}

/// A service, and how often it was asked.
fn service<L>(layer: &L) -> (L::Service, Arc<AtomicUsize>)
where
    L: Layer<tower::util::BoxCloneService<Request, Response, Infallible>>,
{
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let inner = service_fn(move |_: Request| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, Infallible>(Response::new(Full::from("served"))) }
    });
    (layer.layer(tower::util::BoxCloneService::new(inner)), asked)
}

fn from(peer: &str) -> axum::http::request::Builder {
    let request = axum::http::Request::builder();
    if peer.is_empty() { request } else { request.extension(PeerAddr(peer.parse::<SocketAddr>().unwrap())) }
}

async fn send<S>(service: &mut S, request: axum::http::request::Builder) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let request = request.body(Full::default()).unwrap();
    service.ready().await.unwrap().call(request).await.unwrap()
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// What limits say, without the seconds, which are near `seconds` unless the machine is asleep.
fn standing(response: &Response, seconds: &[u64]) -> String {
    let items = header(response, "ratelimit").split(", ").zip(seconds);
    let items = items.map(|(item, &seconds)| {
        let (standing, left) = item.rsplit_once(";t=").unwrap();
        assert_near(left, seconds);
        standing.to_owned()
    });
    items.collect::<Vec<_>>().join(", ")
}

fn assert_near(text: &str, seconds: u64) {
    assert!((seconds - 10..=seconds).contains(&text.parse().unwrap()), "{text} and not {seconds}");
}

const PEER: &str = "192.0.2.1:5000";

#[tokio::test]
async fn the_one_after_the_last_is_refused_with_all_headers() {
    let (mut service, asked) = service(&by_ip(3, &ClientIp::new()));
    for left in ["2", "1", "0"] {
        let response = send(&mut service, from(PEER)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "ratelimit-policy"), "\"per_ip\";q=3;w=60");
        assert_eq!(standing(&response, &[60]), format!("\"per_ip\";r={left}"));
        assert_eq!(header(&response, "x-ratelimit-limit"), "3");
        assert_eq!(header(&response, "x-ratelimit-remaining"), left);
        assert_near(header(&response, "x-ratelimit-reset"), 60);
        assert_eq!(header(&response, "retry-after"), "");
    }
    let refused = send(&mut service, from(PEER)).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(standing(&refused, &[60]), "\"per_ip\";r=0");
    assert_eq!(header(&refused, "x-ratelimit-remaining"), "0");
    let wait = header(&refused, "retry-after").to_owned();
    assert_near(&wait, 60);
    assert_eq!(header(&refused, "cache-control"), "no-store");
    assert_eq!(header(&refused, "content-type"), "application/json");
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(
        std::str::from_utf8(&body).unwrap(),
        format!(
            r#"{{"code":"RATE_LIMITED","error":"too many requests: try again in {wait} s","success":false}}"#
        )
    );
    assert_eq!(asked.load(Ordering::SeqCst), 3, "a refused request does not reach the service");
    assert_eq!(send(&mut service, from("192.0.2.2:5000")).await.status(), 200, "another client");
}

#[tokio::test]
async fn a_header_of_the_clients_own_gains_nothing() {
    let trusted = ClientIp::new().trust_proxies(["10.0.0.0/8"]).unwrap();
    for (client_ip, peer, appended) in [
        // No proxy, and a proxy that appends whom it asked for.
        (ClientIp::new(), PEER, ""),
        (trusted.clone(), PEER, ""),
        (trusted, "10.0.0.1:80", ", 192.0.2.1"),
    ] {
        let (mut service, _) = service(&by_ip(2, &client_ip));
        let mut statuses = Vec::new();
        for spoofed in ["6.6.6.1", "6.6.6.2", "10.0.0.9", "127.0.0.1"] {
            let header = format!("{spoofed}{appended}");
            let request = from(peer).header("x-forwarded-for", header).header("forwarded", "for=6.6.6.6");
            statuses.push(send(&mut service, request).await.status().as_u16());
        }
        assert_eq!(statuses, [200, 200, 429, 429], "{peer}");
    }
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_distinguished() {
    let (mut service, _) = service(&by_ip(1, &ClientIp::new().trust_proxies(["10.0.0.1"]).unwrap()));
    for client in ["192.0.2.1", "192.0.2.2", "2001:db8::1", "[2001:db8:0:1::1]:80"] {
        let request = || from("10.0.0.1:80").header("x-forwarded-for", client);
        assert_eq!(send(&mut service, request()).await.status(), 200, "{client}");
        assert_eq!(send(&mut service, request()).await.status(), 429, "{client}");
    }
    let same_network = from("10.0.0.1:80").header("x-forwarded-for", "2001:db8::ffff:1");
    assert_eq!(send(&mut service, same_network).await.status(), 429);
}

#[tokio::test]
async fn requests_without_a_peer_are_one_client() {
    let (mut service, _) = service(&by_ip(1, &ClientIp::new().trust_proxies(["0.0.0.0/0"]).unwrap()));
    assert_eq!(send(&mut service, from("").header("x-forwarded-for", "192.0.2.1")).await.status(), 200);
    assert_eq!(send(&mut service, from("").header("x-forwarded-for", "192.0.2.2")).await.status(), 429);
}

#[tokio::test]
async fn the_tightest_of_several_limits_is_sent_and_none_is_charged_for_a_refusal() {
    let limits = [Limit::new(5, MINUTE).name("per_ip"), Limit::new(2, MINUTE * 60).name("per_user")];
    let layer = RateLimitLayer::new(limiter(limits))
        .by_ip("per_ip", &ClientIp::new())
        .unwrap()
        .by("per_user", |request| request.extensions.get::<UserId>().map(|user| user.0))
        .unwrap();
    let (mut service, _) = service(&layer);
    let as_user = |user| from(PEER).extension(UserId(user));
    let first = send(&mut service, as_user(1)).await;
    assert_eq!(header(&first, "ratelimit-policy"), "\"per_ip\";q=5;w=60, \"per_user\";q=2;w=3600");
    assert_eq!(standing(&first, &[60, 3600]), "\"per_ip\";r=4, \"per_user\";r=1");
    assert_eq!((header(&first, "x-ratelimit-limit"), header(&first, "x-ratelimit-remaining")), ("2", "1"));
    send(&mut service, as_user(1)).await;
    let refused = send(&mut service, as_user(1)).await;
    assert_eq!(refused.status(), 429);
    assert_near(header(&refused, "retry-after"), 3600);
    let anonymous = send(&mut service, from(PEER)).await;
    assert_eq!(standing(&anonymous, &[60]), "\"per_ip\";r=2");
}

#[tokio::test]
async fn costs_and_exemptions_go_by_the_request() {
    let layer = by_ip(10, &ClientIp::new())
        .cost(|request| if request.uri.path() == "/report" { 6 } else { 1 })
        .exempt(|request| request.uri.path() == "/health")
        .exempt(|request| request.method == "OPTIONS");
    let (mut service, asked) = service(&layer);
    for request in [from(PEER).uri("/health"), from(PEER).uri("/report").method("OPTIONS")] {
        let response = send(&mut service, request).await;
        assert_eq!((response.status().as_u16(), header(&response, "ratelimit")), (200, ""));
    }
    assert_eq!(header(&send(&mut service, from(PEER).uri("/report")).await, "x-ratelimit-remaining"), "4");
    assert_eq!(send(&mut service, from(PEER).uri("/report")).await.status(), 429);
    assert_eq!(header(&send(&mut service, from(PEER).uri("/list")).await, "x-ratelimit-remaining"), "3");
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_request_that_can_never_pass_gets_no_retry_after() {
    let (mut service, _) = service(&by_ip(2, &ClientIp::new()).cost(|_| 3));
    let refused = send(&mut service, from(PEER)).await;
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (429, ""));
    assert_eq!(header(&refused, "x-ratelimit-remaining"), "2");
}

#[tokio::test]
async fn a_refusal_of_ones_own_keeps_the_headers() {
    let layer = by_ip(1, &ClientIp::new()).refusal(|decision| {
        let mut response = axum::http::Response::new(Bytes::from(format!("{} a minute", decision.limit())));
        *response.status_mut() = axum::http::StatusCode::SERVICE_UNAVAILABLE;
        response
    });
    let (mut service, _) = service(&layer);
    send(&mut service, from(PEER)).await;
    let refused = send(&mut service, from(PEER)).await;
    assert_eq!(refused.status(), 503);
    assert_near(header(&refused, "retry-after"), 60);
    assert_eq!(refused.into_body().collect().await.unwrap().to_bytes(), "1 a minute");
}

#[tokio::test]
async fn of_two_layers_both_limits_are_sent_and_the_tighter_counts() {
    let by_endpoint = RateLimitLayer::new(limiter([Limit::new(2, MINUTE).name("per_endpoint")]))
        .by_endpoint("per_endpoint")
        .unwrap();
    let (inner, _) = service(&by_endpoint);
    let mut service = by_ip(10, &ClientIp::new()).layer(inner);
    let response = send(&mut service, from(PEER).uri("/a")).await;
    let policies: Vec<_> = response.headers().get_all("ratelimit-policy").iter().collect();
    assert_eq!(policies, ["\"per_endpoint\";q=2;w=60", "\"per_ip\";q=10;w=60"]);
    assert_eq!(header(&response, "x-ratelimit-limit"), "2");
    send(&mut service, from(PEER).uri("/a")).await;
    assert_eq!(send(&mut service, from(PEER).uri("/a")).await.status(), 429);
    assert_eq!(send(&mut service, from(PEER).uri("/b")).await.status(), 200);
    assert_eq!(send(&mut service, from(PEER).uri("/a").method("POST")).await.status(), 200);
}

#[tokio::test]
async fn an_unknown_limit_is_an_error_when_the_layer_is_built() {
    let layer = RateLimitLayer::new(limiter([Limit::default()]));
    assert!(layer.clone().by_ip("per_ip", &ClientIp::new()).is_err());
    assert!(layer.by_ip("default", &ClientIp::new()).is_ok());
}
