//! `ListProducts`.

use std::sync::Arc;

use futures_util::future::try_join;
use jollycache::{Cache, cacheable};
use serde::{Deserialize, Serialize};

use super::{Error, ListQuery, ProductRepository};
use crate::domain::Product;

/// One page of products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The products on the page.
    pub products: Vec<Product>,
    /// How many products there are on all pages.
    pub total: u64,
}

/// Finds a page of products.
#[derive(Debug)]
pub struct ListProducts {
    cache: Cache,
    repository: Arc<dyn ProductRepository>,
}

impl ListProducts {
    /// Over this store and cache.
    pub fn new(cache: Cache, repository: Arc<dyn ProductRepository>) -> Self {
        ListProducts { cache, repository }
    }

    /// The products asked for, the newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    #[cacheable(
        cache = "product_list",
        with = self.cache,
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
    pub async fn execute(&self, query: &ListQuery) -> Result<Page, Error> {
        let products = self.repository.list(query);
        let total = self.repository.count(query.filter());
        let (products, total) = try_join(products, total).await?;
        Ok(Page { products, total })
    }
}
