//! Products in MongoDB, or in a server that speaks its protocol.

mod document;
mod filter;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};
use mongodb::options::{ClientOptions, ReturnDocument};
use mongodb::{Client, Collection, Database, IndexModel};
use tokio::sync::OnceCell;

use self::document::ProductDocument;
use self::filter::{by_id, matching};
use crate::config::MongoUri;
use crate::domain::{Product, ProductId};
use crate::usecases::{ListQuery, ProductFilter, ProductRepository, RepositoryError};

/// The database, unless the URI names one.
const DEFAULT_DATABASE: &str = "jollyjet";
const COLLECTION: &str = "products";
/// The timeout of selecting a server, and of connecting to it, unless the URI sets one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The timeout of one operation. Without it a request to a frozen server would hang.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);
/// The server's code for a duplicate key.
const DUPLICATE_KEY: i32 = 11_000;

/// Products in MongoDB. The server may be unreachable at first: each operation connects anew.
#[derive(Debug)]
pub struct MongoProductRepository {
    database: Database,
    products: OnceCell<Collection<ProductDocument>>,
}

/// The driver rejects the URI. The driver's own text is left out, because it may repeat parts of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("MONGODB_URI is not a connection string that the MongoDB driver accepts")]
pub struct UnusableUri;

impl MongoProductRepository {
    /// Creates a repository on the server that `uri` names. Does not connect yet.
    ///
    /// # Errors
    /// [`UnusableUri`].
    pub async fn new(uri: &MongoUri) -> Result<Self, UnusableUri> {
        let mut options = ClientOptions::parse(uri.reveal()).await.map_err(|_| UnusableUri)?;
        options.app_name.get_or_insert_with(|| "jollyjet".to_owned());
        options.connect_timeout.get_or_insert(CONNECT_TIMEOUT);
        options.server_selection_timeout.get_or_insert(CONNECT_TIMEOUT);
        let client = Client::with_options(options).map_err(|_| UnusableUri)?;
        let database = client.default_database();
        Ok(MongoProductRepository {
            database: database.unwrap_or_else(|| client.database(DEFAULT_DATABASE)),
            products: OnceCell::new(),
        })
    }

    /// Returns the collection. The first call creates its indexes.
    async fn products(&self) -> Result<&Collection<ProductDocument>, DriverError> {
        let make = || async {
            let products = self.database.collection(COLLECTION);
            for index in indexes() {
                // One by one: FerretDB v1 closes the connection if two indexes of one command exist already.
                products.create_index(index).await?;
            }
            Ok(products)
        };
        self.products.get_or_try_init(make).await
    }
}

/// The order of lists, alone and after the most frequent filters.
fn indexes() -> [IndexModel; 3] {
    let index = |keys: Document| IndexModel::builder().keys(keys).build();
    [
        index(doc! { "createdAt": -1, "_id": 1 }),
        index(doc! { "category": 1, "createdAt": -1, "_id": 1 }),
        index(doc! { "wishlist": 1, "createdAt": -1, "_id": 1 }),
    ]
}

/// Runs an operation with a timeout, and classifies its error.
async fn bounded<T>(operation: impl Future<Output = Result<T, DriverError>>) -> Result<T, RepositoryError> {
    match tokio::time::timeout(OPERATION_TIMEOUT, operation).await {
        Ok(result) => result.map_err(into_repository_error),
        Err(_elapsed) => Err(RepositoryError::TimedOut),
    }
}

fn into_repository_error(error: DriverError) -> RepositoryError {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == DUPLICATE_KEY => {
            RepositoryError::Duplicate
        }
        _ => RepositoryError::Failed(Box::new(error)),
    }
}

#[async_trait]
impl ProductRepository for MongoProductRepository {
    fn name(&self) -> &'static str {
        "mongodb"
    }

    fn next_id(&self) -> ProductId {
        ProductId::from_bytes(ObjectId::new().bytes())
    }

    async fn insert(&self, product: &Product) -> Result<(), RepositoryError> {
        let document = ProductDocument::from(product);
        bounded(async { self.products().await?.insert_one(document).await }).await?;
        Ok(())
    }

    async fn find(&self, id: &ProductId) -> Result<Option<Product>, RepositoryError> {
        let found = bounded(async { self.products().await?.find_one(by_id(id)).await }).await?;
        found.map(Product::try_from).transpose()
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Product>, RepositoryError> {
        let documents: Vec<ProductDocument> = bounded(async {
            let page = self.products().await?.find(matching(query.filter()));
            let page = page.sort(doc! { "createdAt": -1, "_id": 1 });
            page.skip(query.offset()).limit(query.limit().into()).await?.try_collect().await
        })
        .await?;
        documents.into_iter().map(Product::try_from).collect()
    }

    async fn count(&self, filter: &ProductFilter) -> Result<u64, RepositoryError> {
        bounded(async { self.products().await?.count_documents(matching(filter)).await }).await
    }

    async fn replace(&self, product: &Product, version: u64) -> Result<bool, RepositoryError> {
        let mut expected = by_id(&product.id);
        expected.insert("version", i64::try_from(version).unwrap_or(i64::MAX));
        let document = ProductDocument::from(product);
        let result = bounded(async { self.products().await?.replace_one(expected, document).await }).await?;
        Ok(result.matched_count > 0)
    }

    async fn toggle_wishlist(
        &self,
        id: &ProductId,
        now: Timestamp,
    ) -> Result<Option<Product>, RepositoryError> {
        // A flag that is a number can be inverted by the server in one step, without reading it first.
        let toggle = doc! {
            "$bit": { "wishlist": { "xor": 1 } },
            "$inc": { "version": 1_i64 },
            "$max": { "updatedAt": DateTime::from_millis(now.as_millisecond()) },
        };
        let toggled = bounded(async {
            let toggle = self.products().await?.find_one_and_update(by_id(id), toggle);
            toggle.return_document(ReturnDocument::After).await
        });
        toggled.await?.map(Product::try_from).transpose()
    }

    async fn delete(&self, id: &ProductId) -> Result<bool, RepositoryError> {
        let result = bounded(async { self.products().await?.delete_one(by_id(id)).await }).await?;
        Ok(result.deleted_count > 0)
    }

    async fn ping(&self) -> Result<(), RepositoryError> {
        bounded(self.database.run_command(doc! { "ping": 1 }).into_future()).await?;
        Ok(())
    }
}
