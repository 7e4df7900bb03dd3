//! `Error`: why a use case did not do what it was asked.

use std::sync::Arc;

use super::RepositoryError;
use crate::domain::Invalid;

/// Why a use case failed. Cheap to clone, so that all who wait for one load can have its failure.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The request breaks rules.
    #[error("{0}")]
    Invalid(Arc<Invalid>),
    /// The product was changed by somebody else.
    #[error("{0}")]
    Conflict(&'static str),
    /// The products cannot be reached.
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
