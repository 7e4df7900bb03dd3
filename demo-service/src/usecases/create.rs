//! `CreateProduct`.

use std::sync::Arc;

use jollycache::{Cache, cache_config, cache_evict, cache_put};

use super::{Clock, Error, ProductRepository};
use crate::domain::{Draft, Product};

/// Adds a product.
#[derive(Debug)]
pub struct CreateProduct {
    cache: Cache,
    repository: Arc<dyn ProductRepository>,
    clock: Arc<dyn Clock>,
}

#[cache_config(cache = "product", with = self.cache, ttl = "30m", stale = "10m")]
impl CreateProduct {
    /// Over this store and cache.
    pub fn new(cache: Cache, repository: Arc<dyn ProductRepository>, clock: Arc<dyn Clock>) -> Self {
        CreateProduct { cache, repository, clock }
    }

    /// Adds a product, and returns it with its id. Any list and any count may be one short now.
    ///
    /// The put also takes the place of a cached absence.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every rule the draft breaks; [`Error::Conflict`] if the id exists;
    /// [`Error::Unavailable`].
    #[cache_put(key = "product:{ret.id.as_str()}", version = ret.version)]
    #[cache_evict(tags = ["products"])]
    pub async fn execute(&self, draft: Draft) -> Result<Product, Error> {
        let product = Product::create(self.repository.next_id(), draft, self.clock.now())?;
        self.repository.insert(&product).await?;
        Ok(product)
    }
}
