//! `GetProduct`.

use std::sync::Arc;

use jollycache::{Cache, cacheable};

use super::{Error, ProductRepository};
use crate::domain::{Product, ProductId};

/// Finds a product.
#[derive(Debug)]
pub struct GetProduct {
    cache: Cache,
    repository: Arc<dyn ProductRepository>,
}

impl GetProduct {
    /// Over this store and cache.
    pub fn new(cache: Cache, repository: Arc<dyn ProductRepository>) -> Self {
        GetProduct { cache, repository }
    }

    /// The product with this id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    #[cacheable(
        cache = "product",
        with = self.cache,
        key = "product:{id.as_str()}",
        ttl = "30m",
        stale = "10m",
        none_ttl = "30s",
        version = ret.version,
    )]
    pub async fn execute(&self, id: &ProductId) -> Result<Option<Product>, Error> {
        Ok(self.repository.find(id).await?)
    }
}
