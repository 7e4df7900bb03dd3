//! `Products::get`.

use jollycache::{cache_config, cacheable};

use super::{Error, Products};
use crate::domain::{Product, ProductId};

#[cache_config(cache = "product", with = self.cache, ttl = "30m", stale = "10m")]
impl Products {
    /// Returns the product with this id; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    #[cacheable(key = "product:{id.as_str()}", none_ttl = "30s", version = ret.version)]
    pub async fn get(&self, id: &ProductId) -> Result<Option<Product>, Error> {
        Ok(self.repository.find(id).await?)
    }
}
