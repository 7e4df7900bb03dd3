//! `ProductRepository`: what the use cases need of a store.

use std::error::Error as StdError;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{ListQuery, ProductFilter};
use crate::domain::{Product, ProductId};

/// Why a store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// A product with this id exists.
    #[error("a product with this id exists already")]
    Duplicate,
    /// The store cannot be reached, or failed.
    #[error("the store failed")]
    Failed(#[source] Box<dyn StdError + Send + Sync>),
    /// The store did not answer in time; a write may or may not have happened.
    #[error("the store did not answer in time")]
    TimedOut,
    /// A stored document is no product.
    #[error("a stored document is no product: {0}")]
    Unreadable(String),
}

/// A store of products.
///
/// Each method is atomic. What one call has written, every later call sees.
#[async_trait]
pub trait ProductRepository: Send + Sync + fmt::Debug {
    /// A short name for people: `embedded`, `mongodb`.
    fn name(&self) -> &'static str;

    /// An id that no product has.
    fn next_id(&self) -> ProductId;

    /// Adds a product.
    ///
    /// # Errors
    /// [`RepositoryError::Duplicate`] if there is one with its id.
    async fn insert(&self, product: &Product) -> Result<(), RepositoryError>;

    /// The product with this id.
    async fn find(&self, id: &ProductId) -> Result<Option<Product>, RepositoryError>;

    /// One page of the products that fit, the newest first, those of one moment by id.
    async fn list(&self, query: &ListQuery) -> Result<Vec<Product>, RepositoryError>;

    /// How many products fit.
    async fn count(&self, filter: &ProductFilter) -> Result<u64, RepositoryError>;

    /// Replaces a product if it still has `version`. Returns whether it had.
    async fn replace(&self, product: &Product, version: u64) -> Result<bool, RepositoryError>;

    /// Inverts the wish list status in one step, and returns the product as it is then.
    async fn toggle_wishlist(
        &self,
        id: &ProductId,
        now: Timestamp,
    ) -> Result<Option<Product>, RepositoryError>;

    /// Removes a product. Returns whether there was one.
    async fn delete(&self, id: &ProductId) -> Result<bool, RepositoryError>;

    /// Asks the store whether it is there.
    async fn ping(&self) -> Result<(), RepositoryError>;
}
