//! `#[async_trait]` hands over a function that returns a boxed future.

use std::cell::Cell;
use std::rc::Rc;

use async_trait::async_trait;
use jollycache::{cache_evict, cache_put, cacheable};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Product {
    id: u64,
}

#[async_trait]
trait Repository: Send + Sync {
    async fn find(&self, id: u64) -> Result<Option<Product>, String>;
    async fn create(&mut self, name: String) -> Result<Product, String>;
    async fn delete(&self, id: u64) -> bool;

    #[cacheable(key = "provided:{a}:{text}", skip(_trace))]
    async fn provided(&self, a: u64, text: &str, _trace: u8) -> u64 {
        if text.is_empty() {
            return 0;
        }
        a + 1
    }
}

struct Store<T> {
    tenant: T,
    next: u64,
}

#[async_trait]
impl<T: jollycache::KeyPart + Send + Sync> Repository for Store<T> {
    #[cacheable(cache = "product", key = "product:{self.tenant}:{id}", none_ttl = "30s", ttl = "30m")]
    async fn find(&self, id: u64) -> Result<Option<Product>, String> {
        if id == 0 {
            return Ok(None);
        }
        let id = u64::try_from(id).map_err(|error| error.to_string())?;
        Ok(Some(Product { id }))
    }

    #[cache_put(key = "product:{name}:{ret.id}")]
    #[cache_evict(tags = ["products"])]
    async fn create(&mut self, name: String) -> Result<Product, String> {
        self.next += 1;
        drop(name);
        Ok(Product { id: self.next })
    }

    #[cache_evict(key = "product:{id}")]
    async fn delete(&self, id: u64) -> bool {
        id > 0
    }
}

#[async_trait(?Send)]
trait Local {
    async fn count(&self, by: u32) -> u32;
}

#[async_trait(?Send)]
impl Local for Rc<Cell<u32>> {
    #[cacheable(key = "count:{by}")]
    async fn count(&self, by: u32) -> u32 {
        tokio::task::yield_now().await;
        self.set(self.get() + by);
        self.get()
    }
}

#[tokio::main]
async fn main() {
    let mut store = Store { tenant: "a", next: 0 };
    assert_eq!(store.find(0).await, Ok(None));
    assert_eq!(store.find(2).await, Ok(Some(Product { id: 2 })));
    assert_eq!(store.create("n".to_owned()).await, Ok(Product { id: 1 }));
    assert!(store.delete(1).await);
    assert_eq!(store.provided(1, "x", 0).await, 2);
    assert_eq!(Rc::new(Cell::new(1)).count(2).await, 3);
    let shared: Box<dyn Repository> = Box::new(store);
    tokio::spawn(async move { shared.find(1).await }).await.unwrap().unwrap();
}
