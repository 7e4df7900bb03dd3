//! `Products::warm_up`.

use jollycache::WarmUp;

use super::{DEFAULT_LIMIT, Error, ListQuery, MAX_LIMIT, ProductFilter, Products};

/// The number of pages of the unfiltered list that are loaded.
const PAGES: u32 = 3;

impl Products {
    /// Returns loaders of what is likely to be read first: the newest products, and the first pages of the unfiltered
    /// list.
    ///
    /// # Errors
    /// Settings that the cache rejects; these are accepted.
    pub fn warm_up(&self) -> jollycache::Result<WarmUp> {
        let repository = self.repository.clone();
        let newest = move || {
            let repository = repository.clone();
            async move {
                let query = ListQuery::new(ProductFilter::default(), 1, MAX_LIMIT)?;
                // Not through the cache: the page would be stored too.
                let products = repository.list(&query).await?;
                Ok::<_, Error>(products.into_iter().map(|product| product.id).collect())
            }
        };
        let pages = || async {
            let pages = (1..=PAGES).map(|page| ListQuery::new(ProductFilter::default(), page, DEFAULT_LIMIT));
            Ok::<Vec<_>, Error>(pages.collect::<Result<_, _>>()?)
        };
        let (of_product, of_page) = (self.clone(), self.clone());
        WarmUp::builder(&self.cache)
            .loader("products", newest, move |id| {
                let products = of_product.clone();
                async move { products.get(&id).await }
            })
            .loader("product_lists", pages, move |query| {
                let products = of_page.clone();
                async move { products.list(&query).await }
            })
            .build()
    }
}
