//! `Products::create`.

use jollycache::{cache_config, cache_evict, cache_put};

use super::{Error, Products};
use crate::domain::{Draft, Product};

#[cache_config(cache = "product", with = self.cache, ttl = "30m", stale = "10m")]
impl Products {
    /// Adds a product, and returns it with its id. Evicts every list and count, since any of them may lack it.
    ///
    /// The put also replaces a cached absence.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every rule the draft breaks; [`Error::Conflict`] if the id exists;
    /// [`Error::Unavailable`].
    #[cache_put(key = "product:{ret.id.as_str()}", version = ret.version)]
    #[cache_evict(tags = ["products"])]
    pub async fn create(&self, draft: Draft) -> Result<Product, Error> {
        let product = Product::create(self.repository.next_id(), draft, self.clock.now())?;
        self.repository.insert(&product).await?;
        Ok(product)
    }
}
