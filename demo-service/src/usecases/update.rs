//! `Products::update`.

use jiff::Timestamp;
use jollycache::{cache_config, cache_evict, cache_put};

use super::{Error, Products};
use crate::domain::{Changes, Invalid, Product, ProductId};

/// The maximum number of attempts of one update, each of which lost to a concurrent change of the same product.
pub const MAX_UPDATE_ATTEMPTS: usize = 8;

#[cache_config(cache = "product", with = self.cache, ttl = "30m", stale = "10m")]
impl Products {
    /// Changes a product, and returns it; `None` if there is none. Concurrent changes of other fields are preserved.
    ///
    /// With `unless_changed_since`, nothing is changed if the product's `updated_at` is not that time.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every rule the product would break; [`Error::Conflict`] if it was changed since, or
    /// after [`MAX_UPDATE_ATTEMPTS`] attempts that lost to concurrent changes; [`Error::Unavailable`].
    pub async fn update(
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
        Err(Error::Conflict("the product is being changed by other requests"))
    }

    /// Replaces `previous` by `next`; `None` if `previous` is no longer current, and then nothing is stored.
    ///
    /// Any field may differ, so it evicts every list and count that can hold the product before or after: those of
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
