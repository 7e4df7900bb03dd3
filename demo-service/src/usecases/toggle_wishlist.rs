//! `ToggleWishlist`.

use std::sync::Arc;

use jollycache::{Cache, cache_config, cache_evict, cache_put};

use super::{Clock, Error, ProductRepository};
use crate::domain::{Product, ProductId};

/// Puts a product on the wish list, or takes it off.
#[derive(Debug)]
pub struct ToggleWishlist {
    cache: Cache,
    repository: Arc<dyn ProductRepository>,
    clock: Arc<dyn Clock>,
}

#[cache_config(cache = "product", with = self.cache, ttl = "30m", stale = "10m")]
impl ToggleWishlist {
    /// Over this store and cache.
    pub fn new(cache: Cache, repository: Arc<dyn ProductRepository>, clock: Arc<dyn Clock>) -> Self {
        ToggleWishlist { cache, repository, clock }
    }

    /// Inverts a product's wish list status, and returns the product; `None` if there is none.
    ///
    /// Evicted are the lists that can show the product or gain or lose it, and the counts that ask for the wish
    /// list; the reasons are in [the overview](super#which-lists-a-change-reaches). Lists of other categories, and
    /// all other counts, stay.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    #[cache_put(key = "product:{id.as_str()}", version = ret.version)]
    #[cache_evict(
        tags = [
            "category:{ret.category}",
            "all_categories:true",
            "wishlist:true",
            "wishlist:false",
            "count:wishlist:true",
            "count:wishlist:false",
        ],
        when = "around",
    )]
    pub async fn execute(&self, id: &ProductId) -> Result<Option<Product>, Error> {
        Ok(self.repository.toggle_wishlist(id, self.clock.now()).await?)
    }
}
