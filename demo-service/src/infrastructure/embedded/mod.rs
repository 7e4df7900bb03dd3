//! Products in the memory of this process, initially a sample catalogue.

mod samples;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::{Product, ProductId};
use crate::usecases::{ListQuery, ProductFilter, ProductRepository, RepositoryError};

/// The maximum number of products.
pub const MAX_EMBEDDED_PRODUCTS: usize = 100_000;

/// Products in the memory of this process. Needs no server; a restart loses every change.
#[derive(Debug, Default)]
pub struct EmbeddedProductRepository {
    catalogue: RwLock<Catalogue>,
}

/// Products by id, and their order: the newest first, those of one moment by id. A product never changes its place.
#[derive(Debug, Default)]
struct Catalogue {
    by_id: HashMap<ProductId, Product>,
    order: BTreeSet<(Reverse<Timestamp>, ProductId)>,
}

impl EmbeddedProductRepository {
    /// Creates a repository with the sample catalogue.
    pub fn with_catalogue() -> Self {
        let mut catalogue = Catalogue::default();
        samples::products().for_each(|product| catalogue.put(product));
        EmbeddedProductRepository { catalogue: RwLock::new(catalogue) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Catalogue> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Catalogue> {
        self.catalogue.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Catalogue {
    fn put(&mut self, product: Product) {
        self.order.insert((Reverse(product.created_at), product.id.clone()));
        self.by_id.insert(product.id.clone(), product);
    }

    fn matching<'s>(&'s self, filter: &'s ProductFilter) -> impl Iterator<Item = &'s Product> {
        let text = filter.wanted_text().map(str::to_lowercase);
        self.order
            .iter()
            .filter_map(|(_, id)| self.by_id.get(id))
            .filter(move |product| matches(product, filter, text.as_deref()))
    }
}

/// `text` is what the filter searches for, in lower case.
fn matches(product: &Product, filter: &ProductFilter, text: Option<&str>) -> bool {
    let holds = |field: &str, text: &str| field.to_lowercase().contains(text);
    filter.wanted_category().is_none_or(|category| product.category == category)
        && filter.wanted_active().is_none_or(|active| product.is_active == active)
        && filter.wanted_wishlist().is_none_or(|wishlist| product.is_wishlist_status == wishlist)
        && text.is_none_or(|text| holds(&product.name, text) || holds(&product.description, text))
}

#[async_trait]
impl ProductRepository for EmbeddedProductRepository {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn next_id(&self) -> ProductId {
        ProductId::from_bytes(rand::random())
    }

    async fn insert(&self, product: &Product) -> Result<(), RepositoryError> {
        let mut catalogue = self.write();
        if catalogue.by_id.contains_key(&product.id) {
            return Err(RepositoryError::Duplicate);
        }
        if catalogue.by_id.len() >= MAX_EMBEDDED_PRODUCTS {
            return Err(RepositoryError::Failed("the embedded store is full".into()));
        }
        catalogue.put(product.clone());
        Ok(())
    }

    async fn find(&self, id: &ProductId) -> Result<Option<Product>, RepositoryError> {
        Ok(self.read().by_id.get(id).cloned())
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Product>, RepositoryError> {
        let offset = usize::try_from(query.offset()).unwrap_or(usize::MAX);
        let limit = usize::try_from(query.limit()).unwrap_or(usize::MAX);
        let catalogue = self.read();
        Ok(catalogue.matching(query.filter()).skip(offset).take(limit).cloned().collect())
    }

    async fn count(&self, filter: &ProductFilter) -> Result<u64, RepositoryError> {
        Ok(self.read().matching(filter).count() as u64)
    }

    async fn replace(&self, product: &Product, version: u64) -> Result<bool, RepositoryError> {
        let mut catalogue = self.write();
        let current = catalogue.by_id.get_mut(&product.id);
        let Some(current) = current.filter(|current| current.version == version) else {
            return Ok(false);
        };
        current.clone_from(product);
        Ok(true)
    }

    async fn toggle_wishlist(
        &self,
        id: &ProductId,
        now: Timestamp,
    ) -> Result<Option<Product>, RepositoryError> {
        let mut catalogue = self.write();
        let Some(product) = catalogue.by_id.get_mut(id) else {
            return Ok(None);
        };
        *product = product.toggled(now);
        Ok(Some(product.clone()))
    }

    async fn delete(&self, id: &ProductId) -> Result<bool, RepositoryError> {
        let mut catalogue = self.write();
        let Some(product) = catalogue.by_id.remove(id) else {
            return Ok(false);
        };
        catalogue.order.remove(&(Reverse(product.created_at), product.id));
        Ok(true)
    }

    async fn ping(&self) -> Result<(), RepositoryError> {
        Ok(())
    }
}
