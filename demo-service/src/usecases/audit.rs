//! Cached products compared with the repository's.

use std::sync::Arc;

use jollycache::{Audit, Cache, Key};

use super::{Error, ProductRepository};
use crate::domain::{Product, ProductId};

/// Has the cached products compared with the repository's, every five minutes and when an operator asks for it.
///
/// # Errors
/// Outside a tokio runtime.
pub fn audit(cache: &Cache, repository: &Arc<dyn ProductRepository>) -> jollycache::Result<()> {
    let repository = repository.clone();
    let load = move |key: Key| {
        let repository = repository.clone();
        async move {
            let id = key.segments().next_back().and_then(|id| id.parse::<ProductId>().ok());
            match id {
                Some(id) => Ok::<Option<Product>, Error>(repository.find(&id).await?),
                None => Ok(None),
            }
        }
    };
    cache.register_audit("product", Audit::new(load).pattern("product:*"))
}
