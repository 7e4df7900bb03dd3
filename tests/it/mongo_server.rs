//! The fixture itself: a real driver against a real server.

use jollycache_tests::MongoServer;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};

async fn products(server: &MongoServer) -> Collection<Document> {
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    client.database(server.database()).collection("products")
}

#[tokio::test]
async fn the_driver_inserts_and_finds() {
    let Some(server) = MongoServer::start().await else {
        return;
    };
    let products = products(&server).await;
    products.insert_one(doc! { "_id": "42", "name": "tea", "stock": 3 }).await.unwrap();

    let found = products.find_one(doc! { "_id": "42" }).await.unwrap();

    assert_eq!(found, Some(doc! { "_id": "42", "name": "tea", "stock": 3 }));
    assert_eq!(products.find_one(doc! { "_id": "43" }).await.unwrap(), None);
}

#[tokio::test]
async fn two_tests_do_not_see_each_other() {
    let (Some(one), Some(other)) = tokio::join!(MongoServer::start(), MongoServer::start()) else {
        return;
    };
    assert_ne!(one.database(), other.database());
    products(&one).await.insert_one(doc! { "_id": "1" }).await.unwrap();

    let seen = products(&other).await.count_documents(doc! {}).await.unwrap();

    assert_eq!(seen, 0);
}
