//! `Products::toggle_wishlist`.

use jollycache::{cache_config, cache_evict, cache_put};

use super::{Error, Products};
use crate::domain::{Product, ProductId};

#[cache_config(cache = "product", with = self.cache, ttl = "30m", stale = "10m")]
impl Products {
    /// Inverts a product's wish list status, and returns the product; `None` if there is none.
    ///
    /// Evicts the lists that can show the product or gain or lose it, and the counts that filter by the wish list;
    /// [the overview](super#which-lists-a-change-reaches) has the reasons. Lists of other categories, and all other
    /// counts, stay.
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
    pub async fn toggle_wishlist(&self, id: &ProductId) -> Result<Option<Product>, Error> {
        Ok(self.repository.toggle_wishlist(id, self.clock.now()).await?)
    }
}
