//! `Error`.

use std::sync::Arc;

use super::RepositoryError;
use crate::domain::Invalid;

/// The error of a use case. Cheap to clone, since every caller that waits for a failed load gets a copy.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The request breaks at least one rule.
    #[error("{0}")]
    Invalid(Arc<Invalid>),
    /// Another request changed the product.
    #[error("{0}")]
    Conflict(&'static str),
    /// The repository is unreachable, or failed.
    #[error("the product repository is unavailable")]
    Unavailable(#[source] Arc<RepositoryError>),
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Error::Invalid(Arc::new(invalid))
    }
}

impl From<RepositoryError> for Error {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Duplicate => Error::Conflict("a product with this id exists already"),
            error => Error::Unavailable(Arc::new(error)),
        }
    }
}
