//! The use cases of products: one method of [`Products`] each, annotated with what it reads from the cache, stores
//! there and evicts.
//!
//! Nothing else in this crate caches single products, lists or counts, or evicts them:
//!
//! | use case | in | stores | evicts |
//! |---|---|---|---|
//! | [get](Products::get) | `get.rs` | `product:{id}`; absence for 30 s | |
//! | [list](Products::list) | `list.rs` | `products:list:{query}` | |
//! | [count](Products::count) | `count.rs` | `product:count:{filter}` | |
//! | [create](Products::create) | `create.rs` | `product:{id}` | every list and count |
//! | [update](Products::update) | `update.rs` | `product:{id}` | lists and counts of the old and of the new category, and of all categories |
//! | [delete](Products::delete) | `delete.rs` | | `product:{id}`, every list and count |
//! | [toggle the wish list](Products::toggle_wishlist) | `toggle_wishlist.rs` | `product:{id}` | lists of its category, of all categories and of the wish list; counts of the wish list |
//!
//! # Which lists a change reaches
//!
//! Every list and count is tagged `products`; creating and deleting evict them all. The other changes are to one
//! product, and a list can show that product only if it filters by the product's category or by none. So a list carries
//! `category:{category}`, and `all_categories:true` where the query names no category; a change evicts the product's
//! own category and the lists of all categories. The plain list, searches and lists filtered by `isActive` or
//! `isWishlistStatus` are among them, whatever else they filter by; lists of other categories stay.
//!
//! A toggle also changes which products the wish list has: the lists that filter by it carry `wishlist:true` or
//! `wishlist:false`. Searches carry `search:true`, for the eviction after an index was rebuilt, which changes what a search
//! finds; a change of one product does not need it.
//!
//! Counts show no field, so a toggle evicts only the counts that filter by the wish list: counts have tags of their
//! own, `count:category:…`, `count:all_categories:…` and `count:wishlist:…`.
//!
//! # Crashes, and older values
//!
//! Changing and deleting evict `when = "around"`: the eviction happens before the repository is called, and nothing is
//! stored under the same keys and tags until the call is done, so a process that dies in between leaves no old value.
//! Products carry a version; one that is older than the version that was last stored or evicted is not stored.

mod audit;
mod clock;
mod count;
mod create;
mod delete;
mod error;
mod get;
mod list;
mod products;
mod query;
mod repository;
mod toggle_wishlist;
mod update;
mod warm_up;

pub use self::clock::Clock;
pub use self::error::Error;
pub use self::list::Page;
pub use self::products::Products;
pub use self::query::{DEFAULT_LIMIT, ListQuery, MAX_LIMIT, MAX_PAGE, MAX_SEARCH_CHARS, ProductFilter};
pub use self::repository::{ProductRepository, RepositoryError};
pub use self::update::MAX_UPDATE_ATTEMPTS;
