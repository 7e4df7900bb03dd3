//! Two services on one Redis and one MongoDB agree.

use serde_json::json;

use crate::support::{Stack, TestApp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_writes_the_other_shows_on_its_next_read() {
    let Some(stack) = Stack::servers().await else { return };
    let (one, other) = (stack.app().await, stack.app().await);
    let lists = ["/api/products", "/api/products?category=Flights", "/api/products?search=lis"];
    let flight = one.add("Lisbon", "Flights").await;
    let path = TestApp::path(&flight);
    assert_eq!(other.get(&path).await.data(200), flight);
    assert_eq!(other.calls(), [""; 0], "one put it into the cache they share");

    for round in 0..5 {
        for (writer, reader) in [(&one, &other), (&other, &one)] {
            for list in lists {
                reader.get(list).await.data(200);
            }
            let written = if round % 2 == 0 {
                writer.send_json("PUT", &path, &json!({ "stock": round * 10 + 1 })).await.data(200)
            } else {
                writer.send("PATCH", &format!("{path}/wishlist")).await.data(200)
            };
            assert_eq!(reader.get(&path).await.data(200), written);
            for list in lists {
                assert_eq!(reader.get(list).await.data(200)["products"][0], written, "{list}");
            }
        }
    }
    one.send("DELETE", &path).await.data(200);
    other.get(&path).await.error(404, "product_not_found");
    for list in lists {
        assert_eq!(other.get(list).await.data(200)["total"], 0, "{list}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_in_two_services_at_once_leave_no_old_value() {
    let Some(stack) = Stack::servers().await else { return };
    let (one, other) = (stack.app().await, stack.app().await);
    let path = TestApp::path(&one.add("Lisbon", "Flights").await);
    let toggle = format!("{path}/wishlist");
    for _ in 0..10 {
        let writes = [one.send("PATCH", &toggle), other.send("PATCH", &toggle), one.send("PATCH", &toggle)];
        let reads = futures_util::future::join(one.get(&path), other.get("/api/products"));
        let (replies, _) = futures_util::future::join(futures_util::future::join_all(writes), reads).await;
        for reply in &replies {
            reply.data(200);
        }
        let cached = other.get(&path).await.data(200);
        assert_eq!(one.get("/api/products").await.data(200)["products"][0], cached);
        one.cache.flush().await.unwrap();
        assert_eq!(one.get(&path).await.data(200), cached, "as the store has it");
    }
}
