//! `Products::list`.

use futures_util::future::try_join;
use jollycache::{cache_config, cacheable};
use serde::{Deserialize, Serialize};

use super::{Error, ListQuery, Products};
use crate::domain::Product;

/// One page of products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The products on the page.
    pub products: Vec<Product>,
    /// The number of products on all pages.
    pub total: u64,
}

#[cache_config(cache = "product_list", with = self.cache)]
impl Products {
    /// Returns one page of the products that match the query, the newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    #[cacheable(
        key = "products:list:{query}",
        ttl = "5m",
        tags = [
            "products",
            "category:{query.filter().wanted_category()}",
            "all_categories:{query.filter().spans_categories()}",
            "wishlist:{query.filter().wanted_wishlist()}",
            "search:{query.filter().wanted_text().is_some()}",
        ],
    )]
    pub async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        let products = self.repository.list(query);
        let total = self.repository.count(query.filter());
        let (products, total) = try_join(products, total).await?;
        Ok(Page { products, total })
    }
}
