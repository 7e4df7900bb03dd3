//! `CountProducts`.

use std::sync::Arc;

use jollycache::{Cache, cacheable};

use super::{Error, ProductFilter, ProductRepository};

/// Counts products.
#[derive(Debug)]
pub struct CountProducts {
    cache: Cache,
    repository: Arc<dyn ProductRepository>,
}

impl CountProducts {
    /// Over this store and cache.
    pub fn new(cache: Cache, repository: Arc<dyn ProductRepository>) -> Self {
        CountProducts { cache, repository }
    }

    /// How many products pass the filter.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    #[cacheable(
        cache = "product_count",
        with = self.cache,
        key = "product:count:{filter}",
        ttl = "5m",
        tags = [
            "products",
            "count:category:{filter.wanted_category()}",
            "count:all_categories:{filter.spans_categories()}",
            "count:wishlist:{filter.wanted_wishlist()}",
        ],
    )]
    pub async fn execute(&self, filter: &ProductFilter) -> Result<u64, Error> {
        Ok(self.repository.count(filter).await?)
    }
}
