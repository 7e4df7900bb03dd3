//! `TestApp`: the service on a random port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use demo_service::app::App;
use demo_service::config::Config;
use demo_service::usecases::ProductRepository;
use jollycache::Cache;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Reply, SpyRepository, TickingClock, request};

/// The service, listening on a socket, with a spy before its store.
#[derive(Debug)]
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) cache: Cache,
    pub(crate) repository: Arc<SpyRepository>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

impl TestApp {
    pub(crate) async fn start(cache: Cache, repository: Arc<dyn ProductRepository>) -> Self {
        TestApp::start_with(cache, repository, &[]).await
    }

    /// As [`TestApp::start`], with these variables. Rate limits are off, because tests send more requests than they allow.
    pub(crate) async fn start_with(
        cache: Cache,
        repository: Arc<dyn ProductRepository>,
        variables: &[(&str, &str)],
    ) -> Self {
        let _ = tracing_subscriber::fmt().with_test_writer().with_env_filter("warn").try_init();
        let variables = variables.iter().copied().chain([("PORT", "0"), ("RATE_LIMIT_ENABLED", "false")]);
        let config = Config::read(|name| {
            variables.clone().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        });
        let config = config.unwrap();
        let repository = Arc::new(SpyRepository::new(repository));
        let clock = Arc::new(TickingClock::default());
        let app = App::assemble(&config, cache.clone(), repository.clone(), clock).await.unwrap();
        let address = app.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(app.serve(async move {
            let _ = stopped.await;
        }));
        TestApp { address, cache, repository, stop, serving }
    }

    /// Stops the service, and waits for its end.
    pub(crate) async fn stop(self) -> io::Result<()> {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str) -> Reply {
        request(self.address, method, path, None).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path).await
    }

    pub(crate) async fn send_json(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send_text(method, path, &body.to_string()).await
    }

    /// Sends a text as JSON, whatever it is.
    pub(crate) async fn send_text(&self, method: &str, path: &str, body: &str) -> Reply {
        request(self.address, method, path, Some(("application/json", body.into()))).await
    }

    /// Returns the calls of the repository since the last time, sorted.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.repository.take_calls()
    }

    /// Adds a product of a category, and returns it.
    pub(crate) async fn add(&self, name: &str, category: &str) -> Value {
        let body = serde_json::json!({ "name": name, "price": 149.99, "stock": 5, "category": category });
        self.send_json("POST", "/api/products", &body).await.data(201)
    }

    /// The path of a product.
    pub(crate) fn path(product: &Value) -> String {
        format!("/api/products/{}", product["id"].as_str().unwrap())
    }
}
