//! `UpdateProduct`.

use std::sync::Arc;

use jiff::Timestamp;
use jollycache::{Cache, cache_config, cache_evict, cache_put};

use super::{Clock, Error, ProductRepository};
use crate::domain::{Changes, Invalid, Product, ProductId};

/// How often an update is tried when others change the product at the same time.
pub const MAX_UPDATE_ATTEMPTS: usize = 8;

/// Changes a product.
#[derive(Debug)]
pub struct UpdateProduct {
    cache: Cache,
    repository: Arc<dyn ProductRepository>,
    clock: Arc<dyn Clock>,
}

#[cache_config(cache = "product", with = self.cache, ttl = "30m", stale = "10m")]
impl UpdateProduct {
    /// Over this store and cache.
    pub fn new(cache: Cache, repository: Arc<dyn ProductRepository>, clock: Arc<dyn Clock>) -> Self {
        UpdateProduct { cache, repository, clock }
    }

    /// Changes a product, and returns it; `None` if there is none. Changes of others to other fields are kept.
    ///
    /// With `unless_changed_since`, nothing is done if the product's `updated_at` is not that time.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every rule the product would break; [`Error::Conflict`] if it was changed since, or
    /// if others were faster [`MAX_UPDATE_ATTEMPTS`] times; [`Error::Unavailable`].
    pub async fn execute(
        &self,
        id: &ProductId,
        changes: Changes,
        unless_changed_since: Option<Timestamp>,
    ) -> Result<Option<Product>, Error> {
        if changes.is_empty() {
            return Err(Invalid::one("body", "names no field to change").into());
        }
        for _ in 0..MAX_UPDATE_ATTEMPTS {
            let Some(previous) = self.repository.find(id).await? else {
                return Ok(None);
            };
            if unless_changed_since.is_some_and(|expected| expected != previous.updated_at) {
                return Err(Error::Conflict("the product was changed since"));
            }
            let next = previous.changed(changes.clone(), self.clock.now())?;
            if let Some(product) = self.replace(&previous, next).await? {
                return Ok(Some(product));
            }
        }
        Err(Error::Conflict("the product is being changed by others"))
    }

    /// Puts `next` in the place of `previous`; `None` if somebody changed that first, and then nothing is kept.
    ///
    /// Any field may differ, so every list and count falls that could hold the product before or after: those of
    /// its old category, of its new one, and of all categories.
    #[cache_put(key = "product:{previous.id.as_str()}", version = ret.version)]
    #[cache_evict(
        tags = [
            "category:{previous.category}",
            "category:{next.category}",
            "all_categories:true",
            "count:category:{previous.category}",
            "count:category:{next.category}",
            "count:all_categories:true",
        ],
        when = "around",
    )]
    async fn replace(&self, previous: &Product, next: Product) -> Result<Option<Product>, Error> {
        let replaced = self.repository.replace(&next, previous.version).await?;
        Ok(replaced.then_some(next))
    }
}
