//! Login, session and logout.

use std::sync::Arc;
use std::time::Duration;

use demo_service::app::cache;
use demo_service::config::Config;
use demo_service::infrastructure::EmbeddedProductRepository;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jollycache_tests::ports::free_port;
use serde_json::{Value, json};

use crate::support::{Reply, Stack, TestApp, on_both_stacks, request, request_with};

on_both_stacks!(
    a_session_lasts_from_login_to_logout,
    a_login_ends_the_session_it_came_with,
    an_id_of_no_session_is_unauthorized,
);

/// `p`, hashed at the least cost.
const CHEAP_HASH: &str =
    "$argon2id$v=19$m=64,t=1,p=1$c7wfWWN39yab4PsxurYDpQ$rYXzNGFjQhzOTSBy8pi9nquGv+/YDUh62ESt43/H4Z0";

async fn login(app: &TestApp, username: &str, password: &str) -> Reply {
    app.send_json("POST", "/api/auth/login", &json!({ "username": username, "password": password })).await
}

/// Logs in, and returns the cookie that the browser sends afterwards.
async fn cookie(app: &TestApp) -> String {
    let reply = login(app, "demo", "demo-password").await;
    reply.data(200);
    set_cookie(&reply).split(';').next().unwrap().to_owned()
}

fn set_cookie(reply: &Reply) -> String {
    assert_eq!(reply.headers.get_all("set-cookie").iter().count(), 1, "{reply:?}");
    reply.headers["set-cookie"].to_str().unwrap().to_owned()
}

async fn send_with(app: &TestApp, method: &str, path: &str, cookie: &str) -> Reply {
    request_with(app.address, method, path, &[("cookie", cookie)], None).await
}

async fn me(app: &TestApp, cookie: &str) -> Reply {
    let reply = send_with(app, "GET", "/api/auth/me", cookie).await;
    assert_eq!(reply.headers["cache-control"], "no-store", "{reply:?}");
    reply
}

async fn a_session_lasts_from_login_to_logout(stack: Stack) {
    let app = stack.app().await;
    let reply = login(&app, "demo", "demo-password").await;
    let session = reply.data(200);
    assert_eq!(session["username"], "demo");
    assert_eq!(reply.headers["cache-control"], "no-store");
    let set = set_cookie(&reply);
    let cookie = set.split(';').next().unwrap();
    assert!(
        !reply.text.contains(cookie.trim_start_matches("jollyjet_session=")),
        "the id is in the cookie alone"
    );
    let known = me(&app, cookie).await.data(200);
    assert_eq!((&known["username"], &known["endsAt"]), (&session["username"], &session["endsAt"]));
    app.get("/api/products").await.data(200);
    send_with(&app, "GET", "/api/products", cookie).await.data(200);

    for _ in 0..2 {
        let out = send_with(&app, "POST", "/api/auth/logout", cookie).await;
        assert_eq!(out.data(200), json!({ "loggedOut": true }));
        assert!(set_cookie(&out).starts_with("jollyjet_session=; Path=/; Max-Age=0; "), "{out:?}");
        me(&app, cookie).await.error(401, "not_logged_in");
    }
    app.send("POST", "/api/auth/logout").await.data(200);
    app.get("/api/auth/me").await.error(401, "not_logged_in");
}

async fn a_login_ends_the_session_it_came_with(stack: Stack) {
    let app = stack.app().await;
    let (old, elsewhere) = (cookie(&app).await, cookie(&app).await);
    let body = json!({ "username": "demo", "password": "demo-password" }).to_string();
    let body = Some(("application/json", body.into_bytes()));
    let reply = request_with(app.address, "POST", "/api/auth/login", &[("cookie", &old)], body).await;
    let new = set_cookie(&reply).split(';').next().unwrap().to_owned();
    assert_ne!(new, old);
    me(&app, &old).await.error(401, "not_logged_in");
    me(&app, &new).await.data(200);
    me(&app, &elsewhere).await.data(200);
    // A rejected login ends no session.
    let body = Some(("application/json", br#"{"username":"demo","password":"x"}"#.to_vec()));
    let reply = request_with(app.address, "POST", "/api/auth/login", &[("cookie", &new)], body).await;
    reply.error(401, "invalid_credentials");
    me(&app, &new).await.data(200);
}

async fn an_id_of_no_session_is_unauthorized(stack: Stack) {
    let app = stack.app().await;
    let good = cookie(&app).await;
    let (name, id) = good.split_once('=').unwrap();
    for bad in [
        String::new(),
        format!("{name}="),
        format!("{name}=*"),
        format!("{name}={}", "A".repeat(43)),
        format!("{name}={}", "A".repeat(4_000)),
        format!("{name}={}", id.to_ascii_uppercase()),
        format!("{name}=\u{e9}"),
        format!("other={id}"),
        format!("__Host-{name}={id}"),
        format!("{name}={id}x"),
        ";;;=;".to_owned(),
    ] {
        me(&app, &bad).await.error(401, "not_logged_in");
        send_with(&app, "GET", "/api/products", &bad).await.data(200);
    }
    me(&app, &format!("theme=dark; {good}; x=1")).await.data(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_user_and_a_wrong_password_get_the_same_answer() {
    let app = Stack::embedded().app().await;
    let mut answers = Vec::new();
    for (username, password) in [
        ("demo", "Demo-password"),
        ("demo", ""),
        ("nobody", "demo-password"),
        ("Demo", "demo-password"),
        ("demo\u{0}", "demo-password"),
        ("*", "*"),
        ("", ""),
        ("demo", &"x".repeat(100_000)),
    ] {
        let reply = login(&app, username, password).await;
        assert!(!reply.headers.contains_key("set-cookie"));
        assert_eq!(reply.headers["cache-control"], "no-store");
        answers.push(reply.error(401, "invalid_credentials"));
    }
    answers.dedup();
    assert_eq!(answers, ["there is no such user with this password"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_login_are_refused() {
    let app = Stack::embedded().app().await;
    for body in [
        "{}",
        r#"{"username":"demo"}"#,
        r#"{"username":"demo","password":null}"#,
        r#"{"username":["demo"],"password":"demo-password"}"#,
        r#"{"username":"demo","password":"demo-password","admin":true}"#,
        "null",
    ] {
        let reply = app.send_text("POST", "/api/auth/login", body).await;
        let error = reply.error(422, "invalid_body");
        assert!(!error.contains("demo-password"), "{error}");
    }
    app.send_text("POST", "/api/auth/login", "{").await.error(400, "malformed_json");
    // A form of another site cannot log in.
    for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
        let body = br#"{"username":"demo","password":"demo-password"}"#.to_vec();
        let reply = request(app.address, "POST", "/api/auth/login", Some((kind, body))).await;
        reply.error(400, "unsupported_content_type");
    }
    app.get("/api/auth/login").await.error(405, "method_not_allowed");
}

/// `demo-password`, at a cost so high that the queue fills faster than it is processed.
const COSTLY_HASH: &str = "$argon2id$v=19$m=19456,t=16,p=1$7OhXLUIB34imBydgkK9FoQ$\
     KCXWFsHiGPjQgkwaxJHEgxL84rX+RGJ6EMq/OXcE9SU";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_finds_the_queue_full_gets_a_retry_after() {
    let app = app_with(&[("AUTH_PASSWORD_HASH", COSTLY_HASH)]).await;
    let logins = (0..200).map(|_| Box::pin(login(&app, "demo", "demo-password")));
    let mut logins = logins.collect::<FuturesUnordered<_>>();
    // The rejection arrives before the responses of the logins in the queue.
    let refused = loop {
        let reply = logins.next().await.unwrap();
        if reply.status == 503 {
            break reply;
        }
    };
    refused.error(503, "too_many_logins");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.headers["cache-control"], "no-store");
    // Cancelled logins leave the queue.
    drop(logins);
    app.get("/api/products").await.data(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_works_on_both_of_two_processes() {
    let Some(stack) = Stack::servers().await else { return };
    let (one, other) = (stack.app().await, stack.app().await);
    let cookie = cookie(&one).await;
    let known = me(&other, &cookie).await.data(200);
    assert_eq!(known["username"], "demo");
    send_with(&other, "POST", "/api/auth/logout", &cookie).await.data(200);
    me(&one, &cookie).await.error(401, "not_logged_in");
}

/// An embedded service with these variables.
async fn app_with(variables: &[(&str, &str)]) -> TestApp {
    let config = Config::read(|_| None).unwrap();
    let repository = Arc::new(EmbeddedProductRepository::default());
    TestApp::start_with(cache(&config).unwrap(), repository, variables).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_development_the_cookie_is_for_https_and_this_host_alone() {
    let development = app_with(&[("SESSION_ABSOLUTE", "2h")]).await;
    let set = set_cookie(&login(&development, "demo", "demo-password").await);
    let (_, attributes) = set.split_once("; ").unwrap();
    assert!(set.starts_with("jollyjet_session="));
    assert_eq!(attributes, "Path=/; Max-Age=7200; HttpOnly; SameSite=Lax");

    for environment in ["staging", "production"] {
        let variables = [
            ("APP_ENV", environment),
            ("ALLOW_EMBEDDED", "true"),
            ("AUTH_USERNAME", "ada"),
            ("AUTH_PASSWORD_HASH", CHEAP_HASH),
            ("SESSION_ENCRYPTION_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
        ];
        let app = app_with(&variables).await;
        login(&app, "demo", "demo-password").await.error(401, "invalid_credentials");
        let reply = login(&app, "ada", "p").await;
        reply.data(200);
        let set = set_cookie(&reply);
        let (cookie, attributes) = set.split_once("; ").unwrap();
        assert!(cookie.starts_with("__Host-jollyjet_session="));
        assert_eq!(attributes, "Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(me(&app, cookie).await.data(200)["username"], "ada");
        let plain = cookie.trim_start_matches("__Host-");
        me(&app, plain).await.error(401, "not_logged_in");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_sessions_are_unavailable_and_products_are_not() {
    let url = format!("redis://127.0.0.1:{}", free_port().unwrap());
    let config = Config::read(|name| (name == "REDIS_URL").then(|| url.clone())).unwrap();
    let repository = Arc::new(EmbeddedProductRepository::default());
    let app = TestApp::start(cache(&config).unwrap(), repository).await;
    let cookie = format!("jollyjet_session={}", "A".repeat(43));
    let over = format!("jollyjet_session={}I", "A".repeat(42));
    for _ in 0..3 {
        me(&app, &cookie).await.error(503, "sessions_unavailable");
        login(&app, "demo", "demo-password").await.error(503, "sessions_unavailable");
        login(&app, "demo", "wrong").await.error(401, "invalid_credentials");
        let out = send_with(&app, "POST", "/api/auth/logout", &over).await;
        out.error(503, "sessions_unavailable");
        assert!(set_cookie(&out).contains("Max-Age=0"), "the browser forgets it all the same");
        me(&app, &over).await.error(401, "not_logged_in");
        send_with(&app, "GET", "/api/products", &cookie).await.data(200);
        app.get("/api/auth/me").await.error(401, "not_logged_in");
        app.send("POST", "/api/auth/logout").await.data(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_outlives_an_outage() {
    let Some(mut stack) = Stack::servers().await else { return };
    let app = stack.app().await;
    let cookie = cookie(&app).await;
    let redis = stack.redis.as_mut().unwrap();
    redis.stop();
    me(&app, &cookie).await.error(503, "sessions_unavailable");
    redis.cont();
    let start = tokio::time::Instant::now();
    loop {
        let reply = me(&app, &cookie).await;
        if reply.status == 200 {
            break;
        }
        reply.error(503, "sessions_unavailable");
        assert!(start.elapsed() < Duration::from_secs(20), "it does not come back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_describes_the_routes() {
    let app = Stack::embedded().app().await;
    let document: Value = app.get("/api-docs/openapi.json").await.json();
    for (path, method, statuses) in [
        ("/api/auth/login", "post", &["200", "400", "401", "422", "503"][..]),
        ("/api/auth/logout", "post", &["200", "503"]),
        ("/api/auth/me", "get", &["200", "401", "503"]),
    ] {
        let answers = &document["paths"][path][method]["responses"];
        assert!(statuses.iter().all(|status| answers[status].is_object()), "{path}: {answers}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_user_has_a_limit_of_its_own() {
    let app = app_with(&[("RATE_LIMIT_ENABLED", "true")]).await;
    let cookie = cookie(&app).await;
    let limits = async |cookie: &str| {
        let reply = send_with(&app, "GET", "/api/products", cookie).await;
        reply.data(200);
        reply.headers["ratelimit"].to_str().unwrap().to_owned()
    };
    assert!(limits(&cookie).await.contains("per_user"));
    assert!(!limits("").await.contains("per_user"));
    send_with(&app, "POST", "/api/auth/logout", &cookie).await.data(200);
    assert!(!limits(&cookie).await.contains("per_user"), "the session is over");
}
