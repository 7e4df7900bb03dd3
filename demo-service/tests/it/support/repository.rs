//! `SpyRepository`: records the calls of a store, and fails on demand.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use demo_service::domain::{Product, ProductId};
use demo_service::usecases::{ListQuery, ProductFilter, ProductRepository, RepositoryError};
use jiff::Timestamp;

/// A store whose calls are recorded.
#[derive(Debug)]
pub(crate) struct SpyRepository {
    inner: Arc<dyn ProductRepository>,
    calls: Mutex<Vec<&'static str>>,
    next_id: Mutex<Option<ProductId>>,
    down: AtomicBool,
}

impl SpyRepository {
    pub(crate) fn new(inner: Arc<dyn ProductRepository>) -> Self {
        let down = AtomicBool::new(false);
        SpyRepository { inner, calls: Mutex::default(), next_id: Mutex::default(), down }
    }

    /// Returns the calls since the last time, sorted.
    pub(crate) fn take_calls(&self) -> Vec<&'static str> {
        let mut calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.sort_unstable();
        calls
    }

    /// The id of the next product.
    pub(crate) fn expect_id(&self, id: ProductId) {
        *self.next_id.lock().unwrap() = Some(id);
    }

    /// Makes every call fail, or none, from now on.
    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn call(&self, what: &'static str) -> Result<&dyn ProductRepository, RepositoryError> {
        self.calls.lock().unwrap().push(what);
        if self.down.load(Ordering::SeqCst) {
            return Err(RepositoryError::Failed("password=hunter2 was refused".into()));
        }
        Ok(&*self.inner)
    }
}

#[async_trait]
impl ProductRepository for SpyRepository {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn next_id(&self) -> ProductId {
        self.next_id.lock().unwrap().take().unwrap_or_else(|| self.inner.next_id())
    }

    async fn insert(&self, product: &Product) -> Result<(), RepositoryError> {
        self.call("insert")?.insert(product).await
    }

    async fn find(&self, id: &ProductId) -> Result<Option<Product>, RepositoryError> {
        self.call("find")?.find(id).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Product>, RepositoryError> {
        self.call("list")?.list(query).await
    }

    async fn count(&self, filter: &ProductFilter) -> Result<u64, RepositoryError> {
        self.call("count")?.count(filter).await
    }

    async fn replace(&self, product: &Product, version: u64) -> Result<bool, RepositoryError> {
        self.call("replace")?.replace(product, version).await
    }

    async fn toggle_wishlist(
        &self,
        id: &ProductId,
        now: Timestamp,
    ) -> Result<Option<Product>, RepositoryError> {
        self.call("toggle")?.toggle_wishlist(id, now).await
    }

    async fn delete(&self, id: &ProductId) -> Result<bool, RepositoryError> {
        self.call("delete")?.delete(id).await
    }

    async fn ping(&self) -> Result<(), RepositoryError> {
        self.call("ping")?.ping().await
    }
}
