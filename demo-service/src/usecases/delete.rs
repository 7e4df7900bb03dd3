//! `DeleteProduct`.

use std::sync::Arc;

use jollycache::{Cache, cache_evict};

use super::{Error, ProductRepository};
use crate::domain::ProductId;

/// Removes a product.
#[derive(Debug)]
pub struct DeleteProduct {
    cache: Cache,
    repository: Arc<dyn ProductRepository>,
}

impl DeleteProduct {
    /// Over this store and cache.
    pub fn new(cache: Cache, repository: Arc<dyn ProductRepository>) -> Self {
        DeleteProduct { cache, repository }
    }

    /// Removes a product, and returns whether there was one. Pages shift and totals shrink in any list.
    ///
    /// It evicts even if there was none: a client that tries again after a crash finds nothing to remove, and must
    /// not go on seeing what was removed.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    #[cache_evict(
        cache = "product",
        with = self.cache,
        key = "product:{id.as_str()}",
        tags = ["products"],
        when = "around",
    )]
    pub async fn execute(&self, id: &ProductId) -> Result<bool, Error> {
        Ok(self.repository.delete(id).await?)
    }
}
