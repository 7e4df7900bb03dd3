//! The contract of `ProductRepository`, checked on both stores.

use std::sync::Arc;

use demo_service::domain::{Changes, Draft, Product};
use demo_service::infrastructure::EmbeddedProductRepository;
use demo_service::usecases::{ListQuery, ProductFilter, ProductRepository, RepositoryError};
use jiff::Timestamp;
use jollycache_tests::MongoServer;

use crate::support::mongo;

#[tokio::test]
async fn embedded() {
    keeps_its_promises(Arc::new(EmbeddedProductRepository::default())).await;
}

#[tokio::test]
async fn mongodb() {
    let Some(server) = MongoServer::start().await else { return };
    keeps_its_promises(Arc::new(mongo(&server).await)).await;
}

async fn keeps_its_promises(store: Arc<dyn ProductRepository>) {
    store.ping().await.unwrap();
    let product = a_product(&*store, 0);
    store.insert(&product).await.unwrap();
    assert!(matches!(store.insert(&product).await, Err(RepositoryError::Duplicate)));
    assert_eq!(store.find(&product.id).await.unwrap().as_ref(), Some(&product));
    replaces_only_the_version_it_names(&*store, &product).await;
    toggles_count_as_changes(&*store, &product).await;
    lists_the_newest_first_and_those_of_one_moment_by_id(&*store).await;
    assert!(store.delete(&product.id).await.unwrap());
    assert!(!store.delete(&product.id).await.unwrap());
    assert_eq!(store.find(&product.id).await.unwrap(), None);
    assert_eq!(store.toggle_wishlist(&product.id, at(9)).await.unwrap(), None);
}

async fn replaces_only_the_version_it_names(store: &dyn ProductRepository, product: &Product) {
    let change = |stock| Changes { stock: Some(stock), ..Changes::default() };
    let next = product.changed(change(1), at(1)).unwrap();
    assert!(store.replace(&next, product.version).await.unwrap());
    let late = product.changed(change(2), at(2)).unwrap();
    assert!(!store.replace(&late, product.version).await.unwrap(), "a concurrent change won");
    assert_eq!(store.find(&product.id).await.unwrap(), Some(next));
}

async fn toggles_count_as_changes(store: &dyn ProductRepository, product: &Product) {
    let before = store.find(&product.id).await.unwrap().unwrap();
    let toggled = store.toggle_wishlist(&product.id, at(3)).await.unwrap().unwrap();
    assert_eq!(toggled, before.toggled(at(3)));
    let late = before.changed(Changes { stock: Some(9), ..Changes::default() }, at(4)).unwrap();
    assert!(!store.replace(&late, before.version).await.unwrap(), "it would undo the toggle");
    let back = store.toggle_wishlist(&product.id, at(5)).await.unwrap().unwrap();
    assert!(!back.is_wishlist_status);
    assert_eq!(store.find(&product.id).await.unwrap(), Some(back));
}

async fn lists_the_newest_first_and_those_of_one_moment_by_id(store: &dyn ProductRepository) {
    let mut expected: Vec<Product> = [10, 10, 11, 10].map(|second| a_product(store, second)).into();
    for product in &expected {
        store.insert(product).await.unwrap();
    }
    expected.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
    let page = |page| ListQuery::new(ProductFilter::default(), page, 2).unwrap();
    let listed = [store.list(&page(1)).await.unwrap(), store.list(&page(2)).await.unwrap()].concat();
    assert_eq!(listed, expected);
    assert_eq!(store.count(&ProductFilter::default()).await.unwrap(), 5);
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn a_product(store: &dyn ProductRepository, second: i64) -> Product {
    let draft = Draft {
        name: "Lisbon".to_owned(),
        description: "Three nights".to_owned(),
        price: "299.95".parse().unwrap(),
        stock: 12,
        category: "Holidays".to_owned(),
        images: vec!["https://img.example/lisbon.jpg".to_owned()],
        is_active: true,
        is_wishlist_status: false,
    };
    Product::create(store.next_id(), draft, at(second)).unwrap()
}
