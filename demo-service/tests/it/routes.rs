//! What each route answers.

use serde_json::json;

use crate::support::{Stack, TestApp, on_both_stacks};

on_both_stacks!(
    a_product_is_created_read_changed_and_deleted,
    lists_are_filtered_sorted_and_paged,
    a_change_based_on_an_old_state_is_a_conflict,
    prices_keep_their_digits,
    health_names_cache_and_repository,
);

async fn a_product_is_created_read_changed_and_deleted(stack: Stack) {
    let app = stack.app().await;
    let body = json!({
        "name": "  Azores pass ", "description": "Five flights\nin 14 days", "price": 279.99, "stock": 40,
        "category": "Flights", "images": ["https://img.example/a.jpg"], "isActive": false,
    });
    let reply = app.send_json("POST", "/api/products", &body).await;
    let product = reply.data(201);
    let path = TestApp::path(&product);
    assert_eq!(reply.headers["location"], path);
    let id = product["id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    let expected = json!({
        "id": id, "name": "Azores pass", "description": "Five flights\nin 14 days", "price": 279.99, "stock": 40,
        "category": "Flights", "images": ["https://img.example/a.jpg"], "isActive": false,
        "isWishlistStatus": false, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
    });
    assert_eq!(product, expected);
    assert_eq!(app.get(&path).await.data(200), expected);
    assert_eq!(
        app.get(&path.to_uppercase().replace("/API/PRODUCTS", "/api/products")).await.data(200),
        expected
    );

    let changed = app.send_json("PUT", &path, &json!({ "stock": 0, "isActive": true })).await.data(200);
    assert_eq!((&changed["stock"], &changed["isActive"]), (&json!(0), &json!(true)));
    assert_eq!((&changed["name"], &changed["createdAt"]), (&product["name"], &product["createdAt"]));
    assert_eq!(app.get(&path).await.data(200), changed);

    assert_eq!(app.send("DELETE", &path).await.data(200), json!({ "id": id }));
    for method in ["GET", "DELETE"] {
        app.send(method, &path).await.error(404, "product_not_found");
    }
    app.send_json("PUT", &path, &json!({ "stock": 1 })).await.error(404, "product_not_found");
    app.send("PATCH", &format!("{path}/wishlist")).await.error(404, "product_not_found");
}

async fn lists_are_filtered_sorted_and_paged(stack: Stack) {
    let app = stack.app().await;
    for (name, category) in [("Berlin", "Flights"), ("Kyoto (100%)", "Holidays"), ("berlin b.c*", "Holidays")]
    {
        app.add(name, category).await;
    }
    let names = async |query: &str| {
        let data = app.get(&format!("/api/products{query}")).await.data(200);
        let products = data["products"].as_array().unwrap();
        let names: Vec<String> =
            products.iter().map(|product| product["name"].as_str().unwrap().to_owned()).collect();
        let count = query.split('&').filter(|part| !part.contains("page") && !part.contains("limit"));
        let count = count.collect::<Vec<_>>().join("&");
        let counted = app.get(&format!("/api/products/count{count}")).await.data(200);
        assert_eq!(counted["count"], data["total"], "{query}");
        (names.join(", "), data["total"].as_u64().unwrap())
    };
    let all = "berlin b.c*, Kyoto (100%), Berlin".to_owned();
    assert_eq!(names("").await, (all.clone(), 3), "the newest first");
    assert_eq!(names("?category=&search=%20").await, (all.clone(), 3), "blank is no filter");
    assert_eq!(names("?category=Flights").await, ("Berlin".to_owned(), 1));
    assert_eq!(names("?category=flights").await, (String::new(), 0), "categories are exact");
    assert_eq!(names("?search=BERLIN").await, ("berlin b.c*, Berlin".to_owned(), 2));
    for literal in ["b.c*", "(100%25)", "C*"] {
        assert_eq!(names(&format!("?search={literal}")).await.1, 1, "{literal}");
    }
    for no_expression in ["b.*n", ".", "%25%25", "%5E", "$", "%5C", "[a-z]"] {
        let expected = u64::from(no_expression == ".");
        assert_eq!(names(&format!("?search={no_expression}")).await.1, expected, "{no_expression}");
    }
    assert_eq!(names("?search=berlin&category=Holidays").await, ("berlin b.c*".to_owned(), 1));
    assert_eq!(names("?isActive=false").await.1, 0);
    assert_eq!(names("?isActive=true&isWishlistStatus=false").await.1, 3);
    assert_eq!(names("?isWishlistStatus=true").await.1, 0);

    let page = app.get("/api/products?limit=2&page=2").await.data(200);
    assert_eq!((&page["total"], &page["page"], &page["limit"]), (&json!(3), &json!(2), &json!(2)));
    assert_eq!(page["products"].as_array().unwrap().len(), 1);
    assert_eq!(page["products"][0]["name"], "Berlin");
    let far = app.get("/api/products?limit=100&page=100000").await.data(200);
    assert_eq!((&far["total"], &far["products"]), (&json!(3), &json!([])));
}

async fn a_change_based_on_an_old_state_is_a_conflict(stack: Stack) {
    let app = stack.app().await;
    let product = app.add("Kyoto", "Holidays").await;
    let path = TestApp::path(&product);
    let change = |stock: u32| json!({ "stock": stock, "updatedAt": product["updatedAt"] });
    let changed = app.send_json("PUT", &path, &change(1)).await.data(200);
    app.send_json("PUT", &path, &change(2)).await.error(409, "conflict");
    assert_eq!(app.get(&path).await.data(200), changed);
    let change = json!({ "stock": 3, "updatedAt": changed["updatedAt"] });
    assert_eq!(app.send_json("PUT", &path, &change).await.data(200)["stock"], 3);
}

async fn prices_keep_their_digits(stack: Stack) {
    let app = stack.app().await;
    for (given, written) in [
        ("0", "0"),
        ("0.1", "0.1"),
        ("\"19.99\"", "19.99"),
        ("1.5e2", "150"),
        ("9999999999.99", "9999999999.99"),
        ("1000000.07", "1000000.07"),
    ] {
        let body = format!("{{\"name\":\"n\",\"stock\":1,\"category\":\"c\",\"price\":{given}}}");
        let created = app.send_text("POST", "/api/products", &body).await;
        let path = TestApp::path(&created.data(201));
        app.cache.flush().await.unwrap();
        for reply in
            [created, app.get(&path).await, app.get(&path).await, app.get("/api/products?limit=1").await]
        {
            assert!(reply.text.contains(&format!("\"price\":{written},")), "{given}: {reply:?}");
        }
    }
}

async fn health_names_cache_and_repository(stack: Stack) {
    let app = stack.app().await;
    let (cache, repository) =
        if stack.redis.is_some() { ("redis", "mongodb") } else { ("memory", "embedded") };
    let health = app.get("/health").await.data(200);
    assert_eq!(health["status"], "ok");
    assert_eq!((&health["cache"]["backend"], &health["cache"]["connected"]), (&json!(cache), &json!(true)));
    assert!(health["cache"]["pingMs"].as_f64().is_some_and(|ping| ping >= 0.0), "{health}");
    assert_eq!(health["repository"], json!({ "backend": repository, "connected": true }));
}

#[tokio::test]
async fn statistics_count_what_was_read() {
    let app = Stack::embedded().app().await;
    let path = TestApp::path(&app.add("Kyoto", "Holidays").await);
    for _ in 0..3 {
        app.get(&path).await.data(200);
    }
    app.get("/api/products").await.data(200);
    let stats = app.get("/api/cache/stats").await.data(200);
    assert_eq!(stats["regions"]["product"]["hits"], 3);
    assert_eq!(stats["regions"]["product_list"]["misses"], 1);
    assert_eq!(stats["total"]["hits"], 3);
}
