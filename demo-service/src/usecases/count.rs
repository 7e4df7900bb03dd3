//! `Products::count`.

use jollycache::{cache_config, cacheable};

use super::{Error, ProductFilter, Products};

#[cache_config(cache = "product_count", with = self.cache)]
impl Products {
    /// Counts the products that match the filter.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    #[cacheable(
        key = "product:count:{filter}",
        ttl = "5m",
        tags = [
            "products",
            "count:category:{filter.wanted_category()}",
            "count:all_categories:{filter.spans_categories()}",
            "count:wishlist:{filter.wanted_wishlist()}",
        ],
    )]
    pub async fn count(&self, filter: &ProductFilter) -> Result<u64, Error> {
        Ok(self.repository.count(filter).await?)
    }
}
