//! What is read from the cache, and what each change evicts, measured by the calls of the repository.

use std::time::Duration;

use demo_service::domain::ProductId;
use serde_json::{Value, json};

use crate::support::{Stack, TestApp, on_both_stacks};

on_both_stacks!(
    a_second_read_does_not_call_the_repository,
    an_absent_product_is_remembered_and_appears_at_once,
    entries_have_their_names_and_lifetimes,
    a_creation_reaches_every_list_and_count,
    an_update_is_shown_at_once_and_reaches_both_categories,
    a_toggle_reaches_what_can_show_it_and_nothing_more,
    a_deletion_reaches_everything,
    equal_queries_share_an_entry,
    many_toggles_at_once_are_all_done,
    updates_of_different_fields_at_once_are_all_kept,
);

/// Reads all paths, so that they are cached.
async fn warm(app: &TestApp, paths: &[&str]) {
    for path in paths {
        app.get(path).await.data(200);
    }
    app.calls();
    for path in paths {
        app.get(path).await.data(200);
        assert_eq!(app.calls(), [""; 0], "{path} is cached");
    }
}

/// Returns the paths whose next read calls the repository.
async fn evicted<'p>(app: &TestApp, paths: &[&'p str]) -> Vec<&'p str> {
    app.calls();
    let mut evicted = Vec::new();
    for &path in paths {
        app.get(path).await.data(200);
        if !app.calls().is_empty() {
            evicted.push(path);
        }
    }
    evicted
}

const LISTS: [&str; 10] = [
    "/api/products",
    "/api/products?page=2",
    "/api/products?search=o",
    "/api/products?isActive=true",
    "/api/products?isWishlistStatus=true",
    "/api/products?isWishlistStatus=false&search=o",
    "/api/products?category=Flights",
    "/api/products?category=Flights&search=o",
    "/api/products?category=Holidays",
    "/api/products?category=Holidays&search=o",
];
const COUNTS: [&str; 5] = [
    "/api/products/count",
    "/api/products/count?search=o",
    "/api/products/count?isWishlistStatus=true",
    "/api/products/count?category=Flights",
    "/api/products/count?category=Holidays",
];

fn all() -> Vec<&'static str> {
    [&LISTS[..], &COUNTS[..]].concat()
}

/// A service with a flight, a holiday and a suitcase, everything read once.
async fn stocked(stack: &Stack) -> (TestApp, Value) {
    let app = stack.app().await;
    app.add("Tokyo", "Holidays").await;
    app.add("Trolley", "Gear").await;
    let flight = app.add("Toronto", "Flights").await;
    warm(&app, &all()).await;
    (app, flight)
}

async fn a_second_read_does_not_call_the_repository(stack: Stack) {
    let app = stack.app().await;
    let path = TestApp::path(&app.add("Lisbon", "Flights").await);
    assert_eq!(app.calls(), ["insert"]);
    app.get(&path).await.data(200);
    assert_eq!(app.calls(), [""; 0], "the creation put it there");
    app.cache.flush().await.unwrap();
    for (path, first) in [
        (path.as_str(), vec!["find"]),
        ("/api/products?search=lis", vec!["count", "list"]),
        ("/api/products/count", vec!["count"]),
    ] {
        let loaded = app.get(path).await.text;
        assert_eq!(app.calls(), first, "{path}");
        assert_eq!(app.get(path).await.text, loaded);
        assert_eq!(app.calls(), [""; 0], "{path}");
    }
}

async fn an_absent_product_is_remembered_and_appears_at_once(stack: Stack) {
    let app = stack.app().await;
    let id: ProductId = "64b7f0a1c2d3e4f506172839".parse().unwrap();
    let path = format!("/api/products/{id}");
    app.get(&path).await.error(404, "product_not_found");
    assert_eq!(app.calls(), ["find"]);
    app.get(&path).await.error(404, "product_not_found");
    assert_eq!(app.calls(), [""; 0]);
    let remembered = app.cache.ttl(format!("product:{id}")).await.unwrap().unwrap();
    assert!((Duration::from_secs(20)..=Duration::from_secs(30)).contains(&remembered), "{remembered:?}");

    app.repository.expect_id(id);
    let product = app.add("Lisbon", "Flights").await;
    app.calls();
    assert_eq!(app.get(&path).await.data(200), product);
    assert_eq!(app.calls(), [""; 0]);
}

const COUNT_KEY: &str = "product:count:category:Flights|is_active:true|is_wishlist_status:false|search:li";
const LIST_KEY: &str = "products:list:filter:(category:Flights|is_active:true|is_wishlist_status:false|search:li)|limit:10|page:2";

/// Has a product, a list and a count cached; returns the product's key.
async fn one_of_each(app: &TestApp) -> String {
    let product = app.add("Lisbon", "Flights").await;
    let filter = "search=li&isWishlistStatus=false&isActive=true&category=Flights";
    let list = format!("/api/products?page=2&{filter}");
    warm(app, &[&list, &format!("/api/products/count?{filter}")]).await;
    format!("product:{}", product["id"].as_str().unwrap())
}

async fn entries_have_their_names_and_lifetimes(stack: Stack) {
    let app = stack.app().await;
    let product_key = one_of_each(&app).await;
    let mut keys = app.cache.keys("*", 10).await.unwrap();
    keys.sort_unstable();
    let mut expected = [&product_key, COUNT_KEY, LIST_KEY];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    // A product lives for 30 minutes, and is stale for 10 more while it is refreshed.
    for (key, minutes) in [(product_key.as_str(), 40), (COUNT_KEY, 5), (LIST_KEY, 5)] {
        let ttl = app.cache.ttl(key).await.unwrap().unwrap();
        let expected = Duration::from_secs((minutes - 1) * 60)..=Duration::from_secs(minutes * 60);
        assert!(expected.contains(&ttl), "{key}: {ttl:?}");
    }
}

/// Returns the lifetimes of a product, a list and a count in minutes, with these variables.
async fn minutes_kept(variables: &[(&str, &str)]) -> [u64; 3] {
    let app = Stack::embedded().app_with(variables).await;
    let product_key = one_of_each(&app).await;
    let mut minutes = [0; 3];
    for (minutes, key) in minutes.iter_mut().zip([product_key.as_str(), LIST_KEY, COUNT_KEY]) {
        *minutes = app.cache.ttl(key).await.unwrap().unwrap().as_secs().div_ceil(60);
    }
    minutes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configured_lifetime_overrides_that_of_the_use_case_and_one_that_is_not_set_does_not() {
    const DEFAULT: (&str, &str) = ("CACHE_DEFAULT_TTL", "2h");
    const SHORT: (&str, &str) = ("CACHE_SHORT_TTL", "1m");
    const LONG: (&str, &str) = ("CACHE_LONG_TTL", "90m");
    // A product is stale for 10 minutes more while it is refreshed.
    for (variables, minutes) in [
        (&[][..], [30 + 10, 5, 5]),
        (&[DEFAULT], [120 + 10, 120, 120]),
        (&[SHORT], [30 + 10, 1, 1]),
        (&[LONG], [90 + 10, 5, 5]),
        (&[DEFAULT, SHORT, LONG], [90 + 10, 1, 1]),
    ] {
        assert_eq!(minutes_kept(variables).await, minutes, "{variables:?}");
    }
}

async fn a_creation_reaches_every_list_and_count(stack: Stack) {
    let (app, _) = stocked(&stack).await;
    let created = app.add("Oslo", "Flights").await;
    let first = app.get("/api/products").await.data(200);
    assert_eq!((&first["total"], &first["products"][0]), (&json!(4), &created));
    assert_eq!(evicted(&app, &all()).await, all()[1..]);
}

async fn an_update_is_shown_at_once_and_reaches_both_categories(stack: Stack) {
    let (app, flight) = stocked(&stack).await;
    let path = TestApp::path(&flight);
    let others = ["/api/products?category=Gear", "/api/products/count?category=Gear"];
    warm(&app, &others).await;

    let moved = app.send_json("PUT", &path, &json!({ "category": "Holidays", "price": 99 })).await.data(200);
    assert_eq!(app.calls(), ["find", "replace"]);
    assert_eq!(app.get(&path).await.data(200), moved);
    assert_eq!(app.calls(), [""; 0], "the update put it there");
    assert_eq!(evicted(&app, &all()).await, all(), "all of them filter by Flights, Holidays or no category");
    assert_eq!(evicted(&app, &others).await, [""; 0], "others stay");
    let holidays = app.get("/api/products?category=Holidays").await.data(200);
    assert_eq!((&holidays["total"], &holidays["products"][0]), (&json!(2), &moved));
    assert_eq!(app.get("/api/products/count?category=Flights").await.data(200)["count"], 0);

    app.send_json("PUT", &path, &json!({ "stock": -1 })).await.error(422, "invalid_product");
    assert_eq!(evicted(&app, &all()).await, [""; 0], "nothing was changed");
}

async fn a_toggle_reaches_what_can_show_it_and_nothing_more(stack: Stack) {
    let (app, flight) = stocked(&stack).await;
    let path = TestApp::path(&flight);
    let toggled = app.send("PATCH", &format!("{path}/wishlist")).await.data(200);
    assert_eq!(toggled["isWishlistStatus"], true);
    assert_eq!(app.calls(), ["toggle"]);
    assert_eq!(app.get(&path).await.data(200), toggled);
    assert_eq!(app.calls(), [""; 0], "the toggle put it there");
    let mut expected = LISTS[..8].to_vec();
    expected.push("/api/products/count?isWishlistStatus=true");
    assert_eq!(evicted(&app, &all()).await, expected, "lists of other categories and plain counts stay");

    let wished = app.get("/api/products?isWishlistStatus=true").await.data(200);
    assert_eq!((&wished["total"], &wished["products"][0]), (&json!(1), &toggled));
    for list in ["/api/products", "/api/products?search=o", "/api/products?category=Flights"] {
        assert_eq!(app.get(list).await.data(200)["products"][0]["isWishlistStatus"], true, "{list}");
    }
    app.send("PATCH", &format!("{path}/wishlist")).await.data(200);
    assert_eq!(app.get("/api/products/count?isWishlistStatus=true").await.data(200)["count"], 0);
}

async fn a_deletion_reaches_everything(stack: Stack) {
    let (app, flight) = stocked(&stack).await;
    let path = TestApp::path(&flight);
    app.send("DELETE", &path).await.data(200);
    assert_eq!(app.calls(), ["delete"]);
    app.get(&path).await.error(404, "product_not_found");
    assert_eq!(app.calls(), ["find"]);
    assert_eq!(evicted(&app, &all()).await, all());
    assert_eq!(app.get("/api/products/count").await.data(200)["count"], 2);
}

async fn equal_queries_share_an_entry(stack: Stack) {
    let (app, _) = stocked(&stack).await;
    let same = ["/api/products?page=1&limit=10", "/api/products?limit=10&search=&page=1"];
    assert_eq!(evicted(&app, &same).await, [""; 0]);
    let other = ["/api/products?limit=11", "/api/products?category=!", "/api/products?category=%2A"];
    assert_eq!(evicted(&app, &other).await, other);
}

async fn many_toggles_at_once_are_all_done(stack: Stack) {
    let app = stack.app().await;
    let path = TestApp::path(&app.add("Lisbon", "Flights").await);
    let toggle = format!("{path}/wishlist");
    let replies = futures_util::future::join_all((0..25).map(|_| app.send("PATCH", &toggle))).await;
    let on = replies.iter().filter(|reply| reply.data(200)["isWishlistStatus"] == true).count();
    assert_eq!(on, 13, "every second one turned it on");
    for list in ["/api/products", "/api/products?isWishlistStatus=true"] {
        assert_eq!(app.get(list).await.data(200)["products"][0]["isWishlistStatus"], true);
    }
    assert_eq!(app.get(&path).await.data(200)["isWishlistStatus"], true);
}

async fn updates_of_different_fields_at_once_are_all_kept(stack: Stack) {
    let app = stack.app().await;
    let path = TestApp::path(&app.add("Lisbon", "Flights").await);
    let changes = [
        json!({ "name": "Porto" }),
        json!({ "stock": 77 }),
        json!({ "price": "1.01" }),
        json!({ "category": "Holidays" }),
    ];
    let updates = changes.iter().map(|change| app.send_json("PUT", &path, change));
    for reply in futures_util::future::join_all(updates).await {
        reply.data(200);
    }
    let product = app.get(&path).await.data(200);
    let fields = ["name", "stock", "price", "category"].map(|field| product[field].clone());
    assert_eq!(fields, [json!("Porto"), json!(77), json!(1.01), json!("Holidays")]);
}
