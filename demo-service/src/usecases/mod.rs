//! What one can do with products: one type a use case, each annotated with what it means to the cache.
//!
//! Nothing else in this crate caches or evicts. The annotations say which entries there are, and which of them a
//! change makes wrong:
//!
//! | use case | reads or keeps | evicts |
//! |---|---|---|
//! | [`GetProduct`] | `product:{id}`; absence for 30 s | |
//! | [`ListProducts`] | `products:list:{query}` | |
//! | [`CountProducts`] | `product:count:{filter}` | |
//! | [`CreateProduct`] | keeps `product:{id}` | every list and count |
//! | [`UpdateProduct`] | keeps `product:{id}` | lists and counts of the old and of the new category, and of all categories |
//! | [`DeleteProduct`] | | `product:{id}`, every list and count |
//! | [`ToggleWishlist`] | keeps `product:{id}` | lists of its category, of all categories and of the wish list; counts of the wish list |
//!
//! # Which lists a change reaches
//!
//! Every list and count is tagged `products`; creating and deleting reach them all. The other changes are to one
//! product, and a list can show that product only if it asks for the product's category or for none. So a list carries
//! `category:{category}`, and `all_categories:true` where the query names no category; a change evicts the product's
//! own category and the lists of all categories. The plain list, searches and lists filtered by `isActive` or
//! `isWishlistStatus` are among them, whatever else they ask for; lists of other categories stay.
//!
//! A toggle also changes who belongs to the wish list: the lists that ask for it carry `wishlist:true` or
//! `wishlist:false`. Searches carry `search:true`, for whoever changes what a search finds (an operator who rebuilds
//! an index); a change of one product has no need of it.
//!
//! Counts show no field, so a toggle leaves those alone that do not ask for the wish list: they have tags of their
//! own, `count:category:…`, `count:all_categories:…` and `count:wishlist:…`.

//!
//! # Crashes, and older values
//!
//! Changing and deleting evict `when = "around"`: what they touch falls before the repository is asked, and nothing is
//! kept under it until they are done, so that a process that dies in between leaves nothing old. Products carry a
//! version, and one that is older than what was kept or evicted is not kept.

mod audit;
mod clock;
mod count;
mod create;
mod delete;
mod error;
mod get;
mod list;
mod query;
mod repository;
mod toggle_wishlist;
mod update;
mod warm_up;

use std::sync::Arc;

use jollycache::Cache;

pub use self::audit::audit;
pub use self::clock::Clock;
pub use self::count::CountProducts;
pub use self::create::CreateProduct;
pub use self::delete::DeleteProduct;
pub use self::error::Error;
pub use self::get::GetProduct;
pub use self::list::{ListProducts, Page};
pub use self::query::{DEFAULT_LIMIT, ListQuery, MAX_LIMIT, MAX_PAGE, MAX_SEARCH_CHARS, ProductFilter};
pub use self::repository::{ProductRepository, RepositoryError};
pub use self::toggle_wishlist::ToggleWishlist;
pub use self::update::{MAX_UPDATE_ATTEMPTS, UpdateProduct};
pub use self::warm_up::warm_up;

/// Every use case, ready to be called.
#[derive(Debug)]
pub struct UseCases {
    /// Adds a product.
    pub create: CreateProduct,
    /// Finds a product.
    pub get: GetProduct,
    /// Finds a page of products.
    pub list: ListProducts,
    /// Counts products.
    pub count: CountProducts,
    /// Changes a product.
    pub update: UpdateProduct,
    /// Removes a product.
    pub delete: DeleteProduct,
    /// Puts a product on the wish list, or takes it off.
    pub toggle_wishlist: ToggleWishlist,
}

impl UseCases {
    /// The use cases over one store and one cache.
    pub fn new(cache: &Cache, repository: &Arc<dyn ProductRepository>, clock: &Arc<dyn Clock>) -> Self {
        let (cache, repository, clock) = (|| cache.clone(), || repository.clone(), || clock.clone());
        UseCases {
            create: CreateProduct::new(cache(), repository(), clock()),
            get: GetProduct::new(cache(), repository()),
            list: ListProducts::new(cache(), repository()),
            count: CountProducts::new(cache(), repository()),
            update: UpdateProduct::new(cache(), repository(), clock()),
            delete: DeleteProduct::new(cache(), repository()),
            toggle_wishlist: ToggleWishlist::new(cache(), repository(), clock()),
        }
    }
}
