//! What is worth loading before anybody asks.

use std::sync::Arc;

use jollycache::{Cache, WarmUp};

use super::{
    DEFAULT_LIMIT, Error, GetProduct, ListProducts, ListQuery, MAX_LIMIT, ProductFilter, ProductRepository,
};

/// How many pages of the plain list are loaded.
const PAGES: u32 = 3;

/// Loads the newest products, and the first pages of the list of all.
///
/// # Errors
/// Settings that the cache does not take; these are taken.
pub fn warm_up(cache: &Cache, repository: &Arc<dyn ProductRepository>) -> jollycache::Result<WarmUp> {
    let get = Arc::new(GetProduct::new(cache.clone(), repository.clone()));
    let list = Arc::new(ListProducts::new(cache.clone(), repository.clone()));
    let store = repository.clone();
    let newest = move || {
        let store = store.clone();
        async move {
            let query = ListQuery::new(ProductFilter::default(), 1, MAX_LIMIT)?;
            let products = store.list(&query).await?;
            Ok::<_, Error>(products.into_iter().map(|product| product.id).collect())
        }
    };
    let pages = || async {
        let pages = (1..=PAGES).map(|page| ListQuery::new(ProductFilter::default(), page, DEFAULT_LIMIT));
        Ok::<Vec<_>, Error>(pages.collect::<Result<_, _>>()?)
    };
    WarmUp::builder(cache)
        .loader("products", newest, move |id| {
            let get = get.clone();
            async move { get.execute(&id).await }
        })
        .loader("product_lists", pages, move |query| {
            let list = list.clone();
            async move { list.execute(&query).await }
        })
        .build()
}
