//! `ProductRepository`: the operations that the use cases need of a store.

use std::error::Error as StdError;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{ListQuery, ProductFilter};
use crate::domain::{Product, ProductId};

/// The error of a repository operation.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// A product with this id exists.
    #[error("a product with this id exists already")]
    Duplicate,
    /// The store is unreachable, or failed.
    #[error("the store failed")]
    Failed(#[source] Box<dyn StdError + Send + Sync>),
    /// The operation timed out; a write may have happened or not.
    #[error("the store did not answer in time")]
    TimedOut,
    /// A stored document is not a product.
    #[error("a stored document is not a product: {0}")]
    Unreadable(String),
}

/// A store of products.
///
/// Each method is atomic, and a write is visible to every later call.
#[async_trait]
pub trait ProductRepository: Send + Sync + fmt::Debug {
    /// Returns the name that logs and `/health` show: `embedded`, `mongodb`.
    fn name(&self) -> &'static str;

    /// Returns an id that no product has.
    fn next_id(&self) -> ProductId;

    /// Adds a product.
    ///
    /// # Errors
    /// [`RepositoryError::Duplicate`] if the id exists.
    async fn insert(&self, product: &Product) -> Result<(), RepositoryError>;

    /// Returns the product with this id.
    async fn find(&self, id: &ProductId) -> Result<Option<Product>, RepositoryError>;

    /// Returns one page of the products that match, the newest first, those created at the same time by id.
    async fn list(&self, query: &ListQuery) -> Result<Vec<Product>, RepositoryError>;

    /// Counts the products that match.
    async fn count(&self, filter: &ProductFilter) -> Result<u64, RepositoryError>;

    /// Replaces a product if it still has `version`, and returns whether it did.
    async fn replace(&self, product: &Product, version: u64) -> Result<bool, RepositoryError>;

    /// Inverts the wish list status in one step, and returns the changed product.
    async fn toggle_wishlist(
        &self,
        id: &ProductId,
        now: Timestamp,
    ) -> Result<Option<Product>, RepositoryError>;

    /// Removes a product, and returns whether it existed.
    async fn delete(&self, id: &ProductId) -> Result<bool, RepositoryError>;

    /// Checks that the store responds.
    async fn ping(&self) -> Result<(), RepositoryError>;
}
