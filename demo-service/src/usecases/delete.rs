//! `Products::delete`.

use jollycache::{cache_config, cache_evict};

use super::{Error, Products};
use crate::domain::ProductId;

#[cache_config(cache = "product", with = self.cache)]
impl Products {
    /// Removes a product, and returns whether it existed. Evicts every list and count: pages shift and totals shrink.
    ///
    /// Evicts even if the product did not exist: a client that retries after a crash finds nothing to remove, and
    /// must not be served the removed product from the cache.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    #[cache_evict(key = "product:{id.as_str()}", tags = ["products"], when = "around")]
    pub async fn delete(&self, id: &ProductId) -> Result<bool, Error> {
        Ok(self.repository.delete(id).await?)
    }
}
