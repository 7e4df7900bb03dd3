//! Malformed and hostile requests: never a 500, always an error that names the mistake.

use serde_json::{Value, json};

use crate::support::{Stack, TestApp, on_both_stacks, request};

on_both_stacks!(odd_texts_are_kept_or_refused, odd_searches_are_text);

async fn app() -> TestApp {
    Stack::embedded().app().await
}

/// A good body, with one field replaced.
fn product_with(field: &str, value: Value) -> Value {
    let mut body = json!({ "name": "n", "price": 1, "stock": 1, "category": "c" });
    body[field] = value;
    body
}

#[tokio::test]
async fn bodies_of_the_wrong_shape_are_named() {
    let app = app().await;
    for (field, value) in [
        ("name", json!(7)),
        ("name", json!(null)),
        ("price", json!(true)),
        ("price", json!(null)),
        ("price", json!("1,5")),
        ("price", json!("")),
        ("stock", json!("1")),
        ("stock", json!(1.5)),
        ("stock", json!(1e300)),
        ("stock", json!(u64::MAX)),
        ("category", json!(["c"])),
        ("images", json!("i")),
        ("images", json!([1])),
        ("isActive", json!("true")),
        ("isWishlistStatus", json!(1)),
        ("id", json!("64b7f0a1c2d3e4f506172839")),
        ("__proto__", json!({})),
    ] {
        let body = product_with(field, value);
        let created = app.send_json("POST", "/api/products", &body).await;
        assert!(created.error(422, "invalid_body").contains(field), "{body}: {created:?}");
        let path = "/api/products/64b7f0a1c2d3e4f506172839";
        let updated = app.send_json("PUT", path, &body).await;
        assert!(updated.error(422, "invalid_body").contains(field), "{body}: {updated:?}");
    }
    for missing in ["name", "price", "stock", "category"] {
        let mut body = product_with("images", json!([]));
        body.as_object_mut().unwrap().remove(missing);
        let error = app.send_json("POST", "/api/products", &body).await.error(422, "invalid_body");
        assert!(error.contains(&format!("missing field `{missing}`")), "{error}");
    }
    for body in ["[]", r#"["n","d",1,1,"c",[],true,false]"#, "7", "null", "\"text\""] {
        app.send_text("POST", "/api/products", body).await.error(422, "invalid_body");
    }
    let twice = r#"{"name":"n","name":"m","price":1,"stock":1,"category":"c"}"#;
    let error = app.send_text("POST", "/api/products", twice).await.error(422, "invalid_body");
    assert!(error.contains("duplicate field `name`"), "{error}");
    assert_eq!(app.calls(), [""; 0], "nothing reached the store");
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused() {
    let app = app().await;
    let deep = "[".repeat(100_000);
    for body in ["", "{", "{\"name\":\"\\ud800\"}", "nul", "{\"name\":\"n\"}}", "{'name':1}", deep.as_str()] {
        let reply = app.send_text("POST", "/api/products", body).await;
        let shown = &body[..body.len().min(30)];
        assert!(matches!(reply.status.as_u16(), 400 | 422), "{shown}: {reply:?}");
        assert_eq!(reply.json()["success"], false);
    }
    let send = async |content_type: &str, body: Vec<u8>| {
        request(app.address, "POST", "/api/products", Some((content_type, body))).await
    };
    send("application/json", b"{\"name\":\"\xff\"}".to_vec()).await.error(400, "malformed_json");
    send("text/plain", b"{}".to_vec()).await.error(400, "unsupported_content_type");
    app.send("POST", "/api/products").await.error(400, "unsupported_content_type");
    send("application/json", vec![b' '; 300 * 1024]).await.error(400, "body_too_large");
}

#[tokio::test]
async fn every_broken_rule_of_a_product_is_reported() {
    let app = app().await;
    let body = json!({
        "name": "", "price": -0.01, "stock": -1, "category": " ", "images": vec!["i"; 11],
        "description": "d".repeat(5_001),
    });
    let error = app.send_json("POST", "/api/products", &body).await.error(422, "invalid_product");
    for field in ["name: ", "price: ", "stock: ", "category: ", "images: ", "description: "] {
        assert!(error.contains(field), "{error}");
    }
    for (field, value) in [
        ("price", json!("0.001")),
        ("price", json!("1e20")),
        ("price", json!("10000000000")),
        ("stock", json!(1_000_000_001)),
        ("name", json!("a\u{0}b")),
        ("name", json!("n".repeat(201))),
    ] {
        let reply = app.send_json("POST", "/api/products", &product_with(field, value)).await;
        assert!(reply.error(422, "invalid_product").starts_with(field), "{reply:?}");
    }
}

#[tokio::test]
async fn queries_that_cannot_be_read_are_named() {
    let app = app().await;
    let long = "a".repeat(101);
    for (query, named) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.5", "page"),
        ("page=", "page"),
        ("page=100001", "page"),
        ("page=99999999999999999999", "page"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("isActive=yes", "isActive"),
        ("isWishlistStatus=1", "isWishlistStatus"),
        ("search=a%00b", "search"),
        (&format!("search={long}"), "search"),
        (&format!("category={long}"), "category"),
        ("sort=price", "sort"),
        ("page=1&page=2", "page"),
        ("isactive=true", "isactive"),
        ("category=%FF", "category: must be percent-encoded UTF-8"),
        ("page=1&search=%C3", "search: must be percent-encoded UTF-8"),
        ("%FF=1", "\u{fffd}: must be percent-encoded UTF-8"),
    ] {
        let reply = app.get(&format!("/api/products?{query}")).await;
        assert!(reply.error(400, "invalid_query").contains(named), "{query}: {reply:?}");
    }
    app.get("/api/products/count?limit=1").await.error(400, "invalid_query");
    app.get("/api/products/count?category=%FF").await.error(400, "invalid_query");
    assert_eq!(app.calls(), [""; 0], "nothing reached the store");
}

#[tokio::test]
async fn paths_that_lead_nowhere_are_errors_of_the_same_form() {
    let app = app().await;
    for path in ["/", "/api", "/api/products/", "/api/cache/stats/x", "/%00", "/health/../../etc/passwd"] {
        app.get(path).await.error(404, "route_not_found");
    }
    let long = "a".repeat(10_000);
    for id in ["x", "64b7f0a1c2d3e4f50617283", "64b7f0a1c2d3e4f50617283g", "%ff", "%2A", "..%2f..", &long] {
        for (method, suffix) in [("GET", ""), ("DELETE", ""), ("PATCH", "/wishlist")] {
            let path = format!("/api/products/{id}{suffix}");
            app.send(method, &path).await.error(400, "invalid_id");
        }
    }
    for (method, path) in [
        ("PATCH", "/api/products"),
        ("POST", "/api/products/64b7f0a1c2d3e4f506172839"),
        ("GET", "/api/products/64b7f0a1c2d3e4f506172839/wishlist"),
        ("DELETE", "/health"),
        ("BREW", "/api/cache/stats"),
    ] {
        let reply = app.send(method, path).await;
        reply.error(405, "method_not_allowed");
        assert!(reply.headers.contains_key("allow"), "{method} {path}");
    }
    assert_eq!(app.calls(), [""; 0], "nothing reached the store");
}

/// A text with every byte escaped, for a query string.
fn percent(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    bytes.concat()
}

async fn odd_texts_are_kept_or_refused(stack: Stack) {
    let app = stack.app().await;
    for text in ["$where", "a.b", "{}", "*:!|,", "'; DROP TABLE products; --", "\u{1f6eb} \u{202e}x", "%s"] {
        let product = app.add(text, text).await;
        assert_eq!((&product["name"], &product["category"]), (&json!(text), &json!(text)));
        app.cache.flush().await.unwrap();
        assert_eq!(app.get(&TestApp::path(&product)).await.data(200), product);
        let category = percent(text);
        let list = app.get(&format!("/api/products?category={category}")).await.data(200);
        assert_eq!((&list["total"], &list["products"][0]), (&json!(1), &product), "{text}");
    }
}

async fn odd_searches_are_text(stack: Stack) {
    let app = stack.app().await;
    app.add("plain", "c").await;
    for search in [
        "(",
        "[",
        "*",
        "+",
        "?",
        "\\",
        "(?i",
        "a{99999}",
        "(a+)+$",
        "$ne",
        "\u{e9}",
        "\u{1f6eb}",
        "{\"$gt\":\"\"}",
    ] {
        let search = percent(search);
        assert_eq!(
            app.get(&format!("/api/products?search={search}")).await.data(200)["total"],
            0,
            "{search}"
        );
    }
    app.get("/api/products?search=%ff").await.error(400, "invalid_query");
    // U+FFFD itself is a character as any other.
    assert_eq!(app.get("/api/products?search=%EF%BF%BD").await.data(200)["total"], 0);
}
