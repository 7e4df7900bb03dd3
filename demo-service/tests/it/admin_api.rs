//! The admin API over HTTP.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use jollycache::admin::Admin;
use jollycache::{Audit, Cache, Key, MemoryBackend, Policy, WarmUp};
use jollycache_tests::{CoreBackend, Gate};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tower::ServiceExt;

use crate::support::{Reply, Stack, TestApp, on_both_stacks, request, request_with};

const TOKEN: &str = "a-token-for-tests-0123456789";
const BEARER: (&str, &str) = ("authorization", "Bearer a-token-for-tests-0123456789");
const ROUTES: [(&str, &str); 11] = [
    ("GET", "/regions"),
    ("GET", "/keys"),
    ("GET", "/keys/a"),
    ("DELETE", "/keys/a"),
    ("DELETE", "/tags/a"),
    ("DELETE", "/patterns/a"),
    ("DELETE", ""),
    ("GET", "/warm-up"),
    ("POST", "/warm-up"),
    ("POST", "/audit"),
    ("GET", "/events"),
];

on_both_stacks!(
    only_the_token_opens_it,
    paging_finds_every_key_and_patterns_narrow_it,
    a_key_is_shown_with_value_header_and_tags,
    hidden_values_show_their_size,
    a_lease_and_an_intent_are_shown_while_they_live,
    keys_tags_and_patterns_are_evicted,
    a_flush_requires_the_namespace_and_leaves_others_alone,
    hostile_names_are_refused_or_harmless,
    a_warm_up_loads_products_and_lists,
    the_stream_has_evictions_and_an_overview,
);

async fn admin(stack: &Stack) -> TestApp {
    stack.app_with(&[("ADMIN_TOKEN", TOKEN)]).await
}

async fn call(app: &TestApp, method: &str, path: &str) -> Reply {
    request_with(app.address, method, &format!("/api/cache{path}"), &[BEARER], None).await
}

/// A name as a segment of a path.
fn escaped(name: &str) -> String {
    let bytes: Vec<String> = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

async fn view(app: &TestApp, key: &str) -> Value {
    call(app, "GET", &format!("/keys/{}", escaped(key))).await.data(200)
}

async fn only_the_token_opens_it(stack: Stack) {
    let (open, off) = (admin(&stack).await, stack.app().await);
    for (method, path) in ROUTES {
        let path = format!("/api/cache{path}");
        for (headers, challenge) in [
            (vec![], r#"Bearer realm="jollycache""#),
            (vec![("authorization", "Basic YTpi")], r#"Bearer realm="jollycache""#),
            (vec![BEARER, BEARER], r#"Bearer realm="jollycache""#),
            (
                vec![("authorization", "Bearer a-token-for-tests-012345678X")],
                r#"Bearer realm="jollycache", error="invalid_token""#,
            ),
        ] {
            let reply = request_with(open.address, method, &path, &headers, None).await;
            reply.error(401, "unauthorized");
            assert_eq!(reply.headers["www-authenticate"], challenge, "{method} {path}");
            assert_eq!(reply.headers["cache-control"], "no-store");
        }
        // A token in the URL is not accepted.
        let url = format!("{path}?token={TOKEN}&access_token={TOKEN}");
        request(open.address, method, &url, None).await.error(401, "unauthorized");
        request_with(off.address, method, &path, &[BEARER], None).await.error(404, "admin_off");
    }
    for app in [&open, &off] {
        let stats = app.get("/api/cache/stats").await;
        assert_eq!(stats.headers["cache-control"], "no-store");
        assert!(stats.data(200)["total"]["hits"].is_u64());
        app.get("/api/cache/metrics").await;
        assert_eq!(app.send("HEAD", "/api/cache/stats").await.status, 200);
        let reply = app.send("PUT", "/api/cache/keys").await;
        reply.error(405, "method_not_allowed");
        assert!(reply.headers.contains_key("allow"));
        for path in ["/api/cache/", "/api/cache/keys/", "/api/cache/keys/a/b", "/api/cache/nothing"] {
            app.get(path).await.error(404, "route_not_found");
        }
    }
    assert_eq!(call(&open, "HEAD", "/keys").await.status, 200);
    // The lifetime is that of the use case's attribute, which is registered by its first call.
    open.get("/api/products/000000000000000000000000").await;
    let regions = call(&open, "GET", "/regions").await.data(200);
    let product = regions.as_array().unwrap().iter().find(|region| region["name"] == "product").unwrap();
    assert_eq!(product["policy"]["ttl_ms"], 1_800_000);
}

async fn pages(app: &TestApp, query: &str) -> BTreeSet<String> {
    let (mut keys, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = call(app, "GET", &format!("/keys?{query}{cursor}")).await.data(200);
        for key in page["keys"].as_array().unwrap() {
            keys.insert(key.as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else { return keys };
        cursor = format!("&cursor={next}");
    }
}

async fn paging_finds_every_key_and_patterns_narrow_it(stack: Stack) {
    let app = admin(&stack).await;
    let hostile =
        ["*", "a b", "<img src=x onerror=alert(1)>", "\r\nx", "%2A", "\u{e9}", "a/b", "..", "#tag:x"];
    let mut expected = BTreeSet::new();
    for name in (0..240).map(|number| number.to_string()).chain(hostile.map(str::to_owned)) {
        let key = Key::builder().literal("page:").part(&name).build();
        app.cache.set(&key, &name, Duration::from_secs(5 * 60)).await.unwrap();
        expected.insert(key.to_string());
    }
    app.cache.increment("page:counter", 1).await.unwrap();
    assert_eq!(pages(&app, "limit=7").await, expected);
    assert_eq!(pages(&app, "").await, expected);
    assert_eq!(pages(&app, "pattern=").await, expected);
    let found = pages(&app, "limit=3&pattern=page:2?9").await;
    assert_eq!(found, BTreeSet::from(["page:209", "page:219", "page:229", "page:239"].map(str::to_owned)));
    let images = pages(&app, &format!("pattern={}", escaped("page:%3Cimg*"))).await;
    assert_eq!(images.len(), 1);
    for key in images.iter().chain(expected.iter().rev().take(9)) {
        assert_eq!(view(&app, key).await["state"], "value", "{key}");
    }
    assert_eq!(pages(&app, "pattern=nothing*").await, BTreeSet::new());
}

async fn a_key_is_shown_with_value_header_and_tags(stack: Stack) {
    let app = admin(&stack).await;
    let product = app.add("Lisbon", "Flights").await;
    app.get("/api/products?category=Flights").await.data(200);
    let id = product["id"].as_str().unwrap();
    app.get(&TestApp::path(&product)).await.data(200);

    let seen = view(&app, &format!("product:{id}")).await;
    assert_eq!((&seen["state"], &seen["region"]), (&json!("value"), &json!("product")));
    assert_eq!(seen["segments"], json!(["product", id]));
    let entry = &seen["entry"];
    assert_eq!((&entry["value"]["name"], &entry["value_state"]), (&json!("Lisbon"), &json!("shown")));
    assert_eq!(
        (&entry["codec"], &entry["fresh"], &entry["valid"]),
        (&json!("json"), &json!(true), &json!(true))
    );
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{seen}"));
    let lifetime = number(&entry["fresh_until_ms"]) - number(&entry["created_ms"]);
    assert_eq!(lifetime, 1_800_000);
    // The stale window of ten minutes comes on top.
    assert!((2_300_000..=2_400_000).contains(&number(&seen["ttl_ms"])), "{seen}");
    assert!(
        number(&entry["size_bytes"]) > 100
            && entry["version"].as_str().is_some_and(|v| v.parse::<i64>().is_ok())
    );
    assert_eq!(entry["fingerprint"].as_str().unwrap().len(), 16);

    let list = call(&app, "GET", "/keys?pattern=products:list:*").await.data(200);
    let list = list["keys"][0].as_str().unwrap().to_owned();
    let seen = view(&app, &list).await;
    let tags = seen["entry"]["tags"].as_array().unwrap().clone();
    assert!(tags.contains(&json!({ "name": "category:Flights", "live": true })), "{seen}");
    app.cache.evict_tags(["category:Flights"]).await.unwrap();
    let seen = view(&app, &list).await;
    assert!(
        seen["entry"]["tags"]
            .as_array()
            .unwrap()
            .contains(&json!({ "name": "category:Flights", "live": false }))
    );
    assert_eq!(seen["entry"]["valid"], false);
    call(&app, "GET", "/keys/product:none").await.error(404, "key_not_found");

    // Digits that no floating-point number represents, and JSON within JSON.
    let exact = u128::MAX;
    app.cache.set("exact", &exact, Duration::from_secs(5 * 60)).await.unwrap();
    let reply = call(&app, "GET", "/keys/exact").await;
    assert!(reply.text.contains(&format!("\"value\":{exact}")), "{}", reply.text);
}

async fn hidden_values_show_their_size(stack: Stack) {
    let app = stack.app_with(&[("ADMIN_TOKEN", TOKEN), ("ADMIN_HIDE_VALUES", "true")]).await;
    app.cache.set("k", &"hunter2".to_owned(), Duration::from_secs(5 * 60)).await.unwrap();
    let reply = call(&app, "GET", "/keys/k").await;
    let entry = &reply.data(200)["entry"];
    assert_eq!((&entry["value"], &entry["value_state"]), (&Value::Null, &json!("hidden")));
    assert_eq!(entry["size_bytes"], 9);
    assert!(!reply.text.contains("hunter2"));
}

async fn a_lease_and_an_intent_are_shown_while_they_live(stack: Stack) {
    let app = admin(&stack).await;
    let gate = Gate::new();
    let (cache, loading) = (app.cache.clone(), gate.clone());
    let load = tokio::spawn(async move {
        let load = || async move {
            loading.pass().await;
            Ok::<_, std::io::Error>(1)
        };
        cache.get_or_load("slow", &Policy::new().region("slow"), load).await
    });
    gate.reached().await;
    let seen = view(&app, "slow").await;
    assert_eq!((&seen["state"], &seen["region"]), (&json!("leased"), &json!("slow")));
    assert!(seen["lease"]["remaining_ms"].as_u64().unwrap() > 1_000, "{seen}");
    assert_eq!(app.get("/api/cache/stats").await.data(200)["loading"], 1);
    gate.open();
    load.await.unwrap().unwrap();
    let seen = view(&app, "slow").await;
    assert_eq!((&seen["state"], &seen["lease"]), (&json!("value"), &Value::Null));

    let write = app.cache.begin_write(["slow"], [""; 0]).await.unwrap();
    let seen = view(&app, "slow").await;
    assert_eq!((&seen["state"], &seen["intent"]["writers"]), (&json!("intent"), &json!(1)));
    assert_eq!(seen["intent"]["poisoned"], false);
    drop(write);
}

async fn keys_tags_and_patterns_are_evicted(stack: Stack) {
    let app = admin(&stack).await;
    let exists = async |key: &str| app.cache.get::<u8>(key).await.unwrap().is_some();
    let tagged = Policy::new().tag("t:1");
    app.cache.put("tagged", &1_u8, &tagged).await.unwrap();
    for key in ["one", "list:1", "list:2"] {
        app.cache.set(key, &1_u8, Duration::from_secs(5 * 60)).await.unwrap();
    }
    let odd = Key::builder().literal("odd:").part("<b>/ %").build();
    app.cache.set(&odd, &1_u8, Duration::from_secs(5 * 60)).await.unwrap();

    let gone = call(&app, "DELETE", "/keys/one").await.data(200);
    assert_eq!(gone, json!({ "kind": "key", "name": "one", "values": 1 }));
    assert_eq!(call(&app, "DELETE", "/keys/one").await.data(200)["values"], 0);
    assert_eq!(
        call(&app, "DELETE", &format!("/keys/{}", escaped(odd.as_str()))).await.data(200)["values"],
        1
    );
    let gone = call(&app, "DELETE", "/tags/t:1").await.data(200);
    assert_eq!(gone, json!({ "kind": "tag", "name": "t:1", "values": null }));
    assert!(!exists("tagged").await && !exists("one").await && exists("list:1").await);
    let gone = call(&app, "DELETE", &format!("/patterns/{}", escaped("list:*"))).await.data(200);
    assert_eq!(gone, json!({ "kind": "pattern", "name": "list:*", "values": 2 }));
    assert!(!exists("list:1").await && !exists("list:2").await);
    let admin = &app.get("/api/cache/stats").await.data(200)["regions"]["admin"];
    let counts = ["evicted_keys", "evicted_tags", "evicted_patterns"].map(|count| admin[count].as_u64());
    assert_eq!(counts, [Some(3), Some(1), Some(1)]);
}

async fn a_flush_requires_the_namespace_and_leaves_others_alone(stack: Stack) {
    let app = admin(&stack).await;
    app.cache.set("a", &1, Duration::from_secs(5 * 60)).await.unwrap();
    app.cache.increment("c", 5).await.unwrap();
    for query in [
        "",
        "?confirm=",
        "?confirm=yes",
        "?confirm=jollyjet",
        "?confirm=*",
        "?confirm=jollyjet:dev&confirm=x",
        "?confirm=jollyjet:dev&x=%FF",
    ] {
        let error = call(&app, "DELETE", query).await.error(400, "not_confirmed");
        assert!(error.contains("jollyjet:dev"), "{error}");
    }
    for all in ["*", "**", "?*"] {
        call(&app, "DELETE", &format!("/patterns/{}", escaped(all))).await.error(400, "invalid_pattern");
    }
    if let Some(redis) = &stack.redis {
        redis::cmd("SET").arg("other:key").arg("kept").exec(&mut redis.client()).unwrap();
    }
    assert_eq!(app.cache.get("a").await.unwrap(), Some(1));
    let gone = call(&app, "DELETE", "?confirm=jollyjet:dev").await.data(200);
    assert_eq!(gone, json!({ "kind": "namespace", "name": "jollyjet:dev", "values": 1 }));
    assert_eq!(app.cache.get::<i32>("a").await.unwrap(), None);
    assert_eq!(app.cache.increment("c", 0).await.unwrap(), 0);
    if let Some(redis) = &stack.redis {
        let kept: String = redis::cmd("GET").arg("other:key").query(&mut redis.client()).unwrap();
        assert_eq!(kept, "kept");
    }
}

async fn hostile_names_are_refused_or_harmless(stack: Stack) {
    let app = admin(&stack).await;
    app.cache.set("kept", &1, Duration::from_secs(5 * 60)).await.unwrap();
    let long = "a".repeat(600);
    for key in ["#tag:products", "#counter:c", "a b", "a\nb", "\u{1b}[31m", "\0", "\u{e9}", &long] {
        for method in ["GET", "DELETE"] {
            let path = format!("/keys/{}", escaped(key));
            let error = call(&app, method, &path).await.error(400, "invalid_key");
            assert!(!error.contains(['\n', '\0', '\u{1b}']), "{error:?}");
        }
    }
    for tag in ["#writes", "a b", "\n", &long] {
        call(&app, "DELETE", &format!("/tags/{}", escaped(tag))).await.error(400, "invalid_tag");
    }
    for (path, code) in
        [("/keys/%FF", "invalid_key"), ("/tags/%FF", "invalid_tag"), ("/patterns/%FF", "invalid_pattern")]
    {
        call(&app, "DELETE", path).await.error(400, code);
    }
    call(&app, "DELETE", &format!("/patterns/{}", escaped(&long))).await.error(400, "invalid_pattern");
    for query in
        ["limit=0", "limit=501", "limit=-1", "limit=many", "limit=5&limit=6", "pattern=%FF", "cursor=%C3"]
    {
        call(&app, "GET", &format!("/keys?{query}")).await.error(400, "invalid_query");
    }
    for cursor in ["", "0", "zz", "2a2", "ff", "%00", &"61".repeat(600)] {
        call(&app, "GET", &format!("/keys?cursor={cursor}")).await.error(400, "invalid_cursor");
    }
    // Globs of the server's own, a glob in a key, and another namespace: they name nothing that is there.
    for pattern in ["[a-z]ept", "ke\\pt", "{kept}", "../kept", "jollyjet:dev:kept", "kept\nx"] {
        let data = call(&app, "DELETE", &format!("/patterns/{}", escaped(pattern))).await.data(200);
        assert_eq!(data["values"], 0, "{pattern}");
    }
    for key in ["*", "kep?", "..", "jollyjet:dev:kept", "<img/src=x/onerror=alert(1)>"] {
        assert_eq!(call(&app, "DELETE", &format!("/keys/{}", escaped(key))).await.data(200)["values"], 0);
        call(&app, "GET", &format!("/keys/{}", escaped(key))).await.error(404, "key_not_found");
    }
    assert_eq!(app.cache.get("kept").await.unwrap(), Some(1));
    if let Some(redis) = &stack.redis {
        redis::cmd("SET").arg("jollyjet:dev:<i>raw</i>").arg("x").exec(&mut redis.client()).unwrap();
        assert_eq!(view(&app, "<i>raw</i>").await["state"], "foreign");
    }
}

async fn a_warm_up_loads_products_and_lists(stack: Stack) {
    let app = admin(&stack).await;
    for number in 0..12 {
        app.add(&format!("P{number}"), "Flights").await;
    }
    call(&app, "DELETE", "?confirm=jollyjet:dev").await.data(200);
    assert_eq!(call(&app, "GET", "/warm-up").await.data(200)["started_at_ms"], Value::Null);
    let body = |text: &str| Some(("application/json", text.as_bytes().to_vec()));
    for (text, code) in [
        ("{", "invalid_body"),
        (r#"{"loaders":5}"#, "invalid_body"),
        (r#"{"regions":[]}"#, "invalid_body"),
        (r#"[["products"]]"#, "invalid_body"),
        (r#"{"loaders":["nothing\n"]}"#, "invalid_loader"),
    ] {
        let path = "/api/cache/warm-up";
        request_with(app.address, "POST", path, &[BEARER], body(text)).await.error(400, code);
    }
    let large = Some(("application/json", vec![b' '; 70_000]));
    request_with(app.address, "POST", "/api/cache/warm-up", &[BEARER], large)
        .await
        .error(413, "body_too_large");

    let all = r#"{"loaders":["product_lists","products"]}"#;
    let begun = request_with(app.address, "POST", "/api/cache/warm-up", &[BEARER], body(all)).await.data(202);
    assert_eq!(begun["loaders"][0]["name"], "products");
    let progress = ended(&app).await;
    assert_eq!(
        (&progress["total"], &progress["done"], &progress["failed"]),
        (&json!(15), &json!(15), &json!(0))
    );
    app.calls();
    app.get("/api/products?page=2").await.data(200);
    assert_eq!(app.calls(), [""; 0], "the list was loaded before");

    app.repository.set_down(true);
    call(&app, "DELETE", "?confirm=jollyjet:dev").await.data(200);
    call(&app, "POST", "/warm-up").await.data(202);
    let progress = ended(&app).await;
    assert_eq!(
        (&progress["done"], &progress["failed"]),
        (&json!(0), &json!(4)),
        "one list of keys, three pages"
    );
}

/// The progress of the warm-up when it has ended.
async fn ended(app: &TestApp) -> Value {
    let waiting = async {
        loop {
            let progress = call(app, "GET", "/warm-up").await.data(200);
            if progress["running"] == false {
                return progress;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap()
}

#[tokio::test]
async fn one_warm_up_and_one_audit_run_at_a_time() {
    let cache = Cache::builder().namespace("t").backend(MemoryBackend::new()).build().unwrap();
    let gate = Gate::new();
    let (loads, audits) = (gate.clone(), gate.clone());
    let warm_up = WarmUp::builder(&cache)
        .loader(
            "gated",
            || async { Ok::<_, std::io::Error>(vec![1]) },
            move |_| {
                let gate = loads.clone();
                async move {
                    gate.pass().await;
                    Ok::<_, std::io::Error>(())
                }
            },
        )
        .build()
        .unwrap();
    let audit = Audit::new(move |_| {
        let gate = audits.clone();
        async move {
            gate.pass().await;
            Ok::<Option<u8>, std::io::Error>(Some(2))
        }
    });
    cache.register_audit("audited", audit).unwrap();
    cache.put("a", &1_u8, &Policy::new().region("audited")).await.unwrap();
    let admin = Admin::builder(&cache).token(TOKEN).warm_up(warm_up).build().unwrap();
    let post = |path: &str| {
        let request = Request::post(path).header(BEARER.0, BEARER.1).body(axum::body::Body::empty()).unwrap();
        let api = admin.api();
        async move { api.oneshot(request).await.unwrap() }
    };
    assert_eq!(post("/warm-up").await.status(), 202);
    gate.reached().await;
    assert_eq!(post("/warm-up").await.status(), 409);
    gate.open();
    let audit = tokio::spawn(post("/audit"));
    gate.reached().await;
    assert_eq!(post("/audit").await.status(), 409);
    gate.open();
    let report = audit.await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(
        (&report["data"]["total"]["differences"], &report["data"]["total"]["repaired"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(cache.get("a").await.unwrap(), Some(2_u8));
}

#[tokio::test]
async fn what_the_backend_lacks_is_a_400_that_names_it() {
    let backend = CoreBackend::over(Arc::new(MemoryBackend::new()));
    let cache = Cache::builder().namespace("core").backend(backend).build().unwrap();
    let api = Admin::builder(&cache).token(TOKEN).build().unwrap().api();
    for (method, path) in
        [("GET", "/keys"), ("GET", "/keys/a"), ("DELETE", "/patterns/a:*"), ("DELETE", "/?confirm=core")]
    {
        let request = Request::builder().method(method).uri(path).header(BEARER.0, BEARER.1);
        let reply = api.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
        let status = reply.status();
        let body = reply.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status.as_u16(), &body["code"]), (400, &json!("invalid_request")), "{path}: {body}");
        assert!(body["error"].as_str().unwrap().contains("needs scans of its keys"), "{path}: {body}");
    }
    assert_eq!(cache.stats().pending_invalidations, 0);
}

/// A client of the events.
struct Listener {
    body: Incoming,
    text: String,
    _connection: tokio::task::JoinHandle<hyper::Result<()>>,
}

impl Listener {
    async fn start(app: &TestApp) -> Listener {
        let stream = TcpStream::connect(app.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get("/api/cache/events").header("host", "h").header(BEARER.0, BEARER.1);
        let reply = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        Listener { body: reply.into_body(), text: String::new(), _connection: connection }
    }

    /// The next event of this name; `None` at the end.
    async fn next(&mut self, name: &str) -> Option<Value> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(data) = event.strip_prefix(&format!("event: {name}\ndata: ")) {
                    return Some(serde_json::from_str(data).unwrap());
                }
            }
            let frame = tokio::time::timeout(Duration::from_secs(20), self.body.frame()).await.unwrap()?;
            if let Ok(data) = frame.unwrap().into_data() {
                self.text.push_str(std::str::from_utf8(&data).unwrap());
            }
        }
    }
}

async fn the_stream_has_evictions_and_an_overview(stack: Stack) {
    let app = admin(&stack).await;
    let mut listener = Listener::start(&app).await;
    let first = listener.next("overview").await.unwrap();
    assert_eq!((&first["namespace"], &first["breaker"]), (&json!("jollyjet:dev"), &json!("closed")));
    assert_eq!(first["stats"]["connected"], true);

    // On servers the other service has a cache of its own, as another process does.
    let other = if stack.redis.is_some() { Some(admin(&stack).await) } else { None };
    let evicting = other.as_ref().unwrap_or(&app);
    call(evicting, "DELETE", "/tags/products").await.data(200);
    let event = listener.next("invalidated").await.unwrap();
    assert_eq!((&event["tags"], &event["region"]), (&json!(["products"]), &json!("admin")));
    assert_eq!(event["own"], other.is_none());
    let later = listener.next("overview").await.unwrap();
    assert!(later["at_ms"].as_u64() > first["at_ms"].as_u64());

    // A client that listens does not delay the shutdown.
    app.stop().await.unwrap();
    let rest = async { while listener.next("overview").await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), rest).await.unwrap();
}

#[tokio::test]
async fn listeners_have_places_and_give_them_back() {
    let cache = Cache::builder().namespace("t").backend(MemoryBackend::new()).build().unwrap();
    let admin = Arc::new(Admin::builder(&cache).token(TOKEN).max_listeners(1).build().unwrap());
    let listen = || {
        let request =
            Request::get("/events").header(BEARER.0, BEARER.1).body(axum::body::Body::empty()).unwrap();
        let api = admin.api();
        async move { api.oneshot(request).await.unwrap() }
    };
    let first = listen().await;
    assert_eq!(first.status(), 200);
    assert_eq!(listen().await.status(), 503);
    drop(first);
    assert_eq!(listen().await.status(), 200);
    admin.close();
    assert_eq!(listen().await.status(), 503);
}

#[tokio::test]
async fn every_documented_call_exists_and_requires_the_token() {
    let document = serde_json::to_value(jollycache::admin::openapi()).unwrap();
    let app = Stack::embedded().app_with(&[("ADMIN_TOKEN", TOKEN)]).await;
    let mut documented = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            documented += 1;
            let path = format!("/api/cache{}", path.trim_end_matches('/')).replace(['{', '}'], "");
            let status = app.send(&method.to_uppercase(), &path).await.status;
            let is_open = call.get("security").is_none();
            assert_eq!(status, if is_open { 200 } else { 401 }, "{method} {path}");
            assert!(is_open || call["responses"].get("401").is_some(), "{method} {path}");
        }
    }
    assert_eq!(documented, ROUTES.len() + 1);
}

#[tokio::test]
async fn a_stored_response_is_shown_with_its_head_and_body() {
    let app = admin(&Stack::embedded()).await;
    app.add("Kyoto", "Holidays").await;
    app.get("/api/catalogue").await.data(200);
    let listed = call(&app, "GET", "/keys?pattern=http*").await.data(200);
    let key = listed["keys"][0].as_str().unwrap_or_else(|| panic!("{listed}"));
    let shown = view(&app, key).await;
    let value = &shown["entry"]["value"];
    assert_eq!((&shown["entry"]["codec"], &value["status"]), (&json!("http"), &json!(200)), "{shown}");
    assert_eq!(value["headers"]["content-type"], "application/json");
    assert_eq!(value["body"]["data"]["products"][0]["name"], "Kyoto", "{shown}");
}
