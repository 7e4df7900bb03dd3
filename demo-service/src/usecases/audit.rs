//! `Products::register_audit`.

use jollycache::{Audit, Key};

use super::{Error, Products};
use crate::domain::{Product, ProductId};

impl Products {
    /// Registers the audit of cached products against the repository: every five minutes, and when an operator
    /// starts it.
    ///
    /// # Errors
    /// Outside a tokio runtime.
    pub fn register_audit(&self) -> jollycache::Result<()> {
        let repository = self.repository.clone();
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
        self.cache.register_audit("product", Audit::new(load).pattern("product:*"))
    }
}
