//! `Stack`: the backend and the store of a service.

use std::sync::Arc;

use demo_service::app::cache;
use demo_service::config::{Config, MongoUri};
use demo_service::infrastructure::{EmbeddedProductRepository, MongoProductRepository};
use demo_service::usecases::ProductRepository;
use jollycache_tests::{MongoServer, RedisServer};

use super::TestApp;

/// A cache's backend and a store, both empty, for any number of services.
#[derive(Debug)]
pub(crate) struct Stack {
    repository: Arc<dyn ProductRepository>,
    pub(crate) redis: Option<RedisServer>,
    mongo: Option<MongoServer>,
}

impl Stack {
    /// Creates a stack in the memory of this process.
    pub(crate) fn embedded() -> Self {
        Stack { repository: Arc::new(EmbeddedProductRepository::default()), redis: None, mongo: None }
    }

    /// Creates a stack on servers of its own; `None` where they are not installed.
    pub(crate) async fn servers() -> Option<Self> {
        let (redis, mongo_server) = (RedisServer::start()?, MongoServer::start().await?);
        let repository = Arc::new(mongo(&mongo_server).await);
        Some(Stack { repository, redis: Some(redis), mongo: Some(mongo_server) })
    }

    /// A service with connections of its own.
    pub(crate) async fn app(&self) -> TestApp {
        self.app_with(&[]).await
    }

    /// As [`Stack::app`], with these variables.
    pub(crate) async fn app_with(&self, variables: &[(&str, &str)]) -> TestApp {
        let url = self.redis.as_ref().map(RedisServer::url);
        let config = Config::read(|name| {
            let known = variables.iter().find(|(known, _)| *known == name);
            known
                .map(|(_, value)| (*value).to_owned())
                .or_else(|| url.clone().filter(|_| name == "REDIS_URL"))
        });
        let config = config.unwrap();
        let repository = match &self.mongo {
            Some(server) => Arc::new(mongo(server).await),
            None => self.repository.clone(),
        };
        TestApp::start_with(cache(&config).unwrap(), repository, variables).await
    }
}

/// A store on a test's own database.
pub(crate) async fn mongo(server: &MongoServer) -> MongoProductRepository {
    let (place, options) = server.uri().split_once('?').unwrap_or((server.uri(), ""));
    let hosts = place.trim_start_matches("mongodb://").split('/').next().unwrap();
    // FerretDB v1 updates in two steps, so that two connections can overwrite each other's changes; the commands of
    // one connection it runs one after the other. MongoDB's updates are atomic.
    let connections = if std::env::var_os("MONGODB_URI").is_none() { "maxPoolSize=1&" } else { "" };
    let uri = format!("mongodb://{hosts}/{}?{connections}{options}", server.database());
    let uri = MongoUri::new(uri.trim_end_matches(['?', '&'])).unwrap();
    MongoProductRepository::new(&uri).await.unwrap()
}
