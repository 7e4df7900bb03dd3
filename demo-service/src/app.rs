//! `App`: creates the parts of the service and connects them, all in one place.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jollycache::admin::Admin;
use jollycache::http::rate_limit::{ClientIp, RateLimitLayer};
use jollycache::session::{EncryptionKey, Keyring, SessionService};
use jollycache::{Cache, MemoryBackend, Policy, RedisBackend, WarmUp};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::config::{AuthConfig, Config, Environment, Lifetimes, RateLimitConfig, RedisConfig};
use crate::infrastructure::{EmbeddedProductRepository, MongoProductRepository, SystemClock, UnusableUri};
use crate::interface::auth::Auth;
use crate::interface::{Api, Metrics, rate_limits, response_cache, router};
use crate::usecases::{Clock, ProductRepository, Products};

/// How long running requests may take after the signal to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// The service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The cache, or a part that uses it, cannot be set up.
    #[error("cannot set up the cache, or a part that uses it: {0}")]
    Cache(#[from] jollycache::Error),
    /// The repository cannot be set up.
    #[error("cannot set up the repository: {0}")]
    Repository(#[from] UnusableUri),
    /// The recorder of metrics cannot be set up.
    #[error("cannot set up the metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// The service, which listens and is ready to serve.
#[derive(Debug)]
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    cache: Cache,
    repository: Arc<dyn ProductRepository>,
    metrics: Arc<Metrics>,
    admin: Admin,
    /// The loads after the start.
    warm_up: Option<WarmUp>,
}

impl App {
    /// Creates the parts by the configuration, and listens. Connects to no server yet: an unreachable one is retried.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let cache = cache(config)?;
        let repository = repository(config).await?;
        App::assemble(config, cache, repository, Arc::new(SystemClock)).await
    }

    /// As [`App::start`], with a given cache, repository and clock.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn assemble(
        config: &Config,
        cache: Cache,
        repository: Arc<dyn ProductRepository>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let wanted = SocketAddr::new(config.host, config.port);
        let failed = |error| StartError::Listen(wanted, error);
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let products = Products::new(cache.clone(), repository.clone(), clock);
        let auth = auth(config, &cache)?;
        let limits = limits(&config.rate_limits, &cache)?;
        let limiter = limits.as_ref().map(RateLimitLayer::limiter);
        let metrics = Arc::new(Metrics::new(&cache, limiter)?);
        let (of_cache, of_repository) = (cache.clone(), repository.clone());
        products.register_audit()?;
        let warm_up = products.warm_up()?;
        let api =
            Api { products, cache: of_cache, auth, repository: of_repository, metrics: metrics.clone() };
        let admin = admin(config, &cache, &warm_up)?;
        let router = router(Arc::new(api), &admin, limits, response_cache(&cache)?);
        let warm_up = config.warm_up.then_some(warm_up);
        Ok(App { listener, address, router, cache, repository, metrics, admin, warm_up })
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the name of the cache's backend, such as `memory`.
    pub fn cache_name(&self) -> &'static str {
        self.cache.backend_name()
    }

    /// Returns the name of the repository, such as `embedded`.
    pub fn repository_name(&self) -> &'static str {
        self.repository.name()
    }

    /// Serves until `shutdown` completes, then waits for running requests, for at most 10 s, and delivers queued
    /// evictions.
    ///
    /// # Errors
    /// The errors of the listener.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        // In the background: requests are served meanwhile.
        if let Some(warm_up) = &self.warm_up {
            warm_up.start(&[]).map_err(io::Error::other)?;
        }
        let (stopping, stopped) = oneshot::channel();
        let admin = self.admin;
        // The rate limits need the peer's address.
        let service = self.router.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(self.listener, service).with_graceful_shutdown(async move {
            shutdown.await;
            admin.close();
            let _ = stopping.send(());
        });
        let result = tokio::select! {
            result = server => result,
            () = self.metrics.keep_up() => Ok(()),
            () = over(stopped) => {
                tracing::warn!("requests still ran {SHUTDOWN_GRACE:?} after the signal to stop");
                Ok(())
            }
        };
        if !self.cache.close().await {
            tracing::warn!("evictions could not be delivered: entries may be old until they expire");
        }
        result
    }
}

/// Completes [`SHUTDOWN_GRACE`] after the signal to stop.
async fn over(stopped: oneshot::Receiver<()>) {
    if stopped.await.is_ok() {
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, std::future::pending::<()>()).await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Creates the cache. A lifetime that the configuration sets overrides the attributes of the use cases.
///
/// # Errors
/// The cache rejects the settings.
pub fn cache(config: &Config) -> jollycache::Result<Cache> {
    let Lifetimes { default, short, long } = config.lifetimes;
    let mut cache = Cache::builder()
        .namespace(config.namespace())
        // The admin page shows the events.
        .events(config.admin.token.is_some());
    for (region, ttl) in [("product", long), ("product_list", short), ("product_count", short)] {
        if let Some(ttl) = ttl.or(default) {
            cache = cache.region(region, Policy::new().ttl(ttl));
        }
    }
    match &config.redis {
        Some(redis) => cache.backend(redis_backend(redis)?).build(),
        None => cache.backend(MemoryBackend::new()).build(),
    }
}

fn admin(config: &Config, cache: &Cache, warm_up: &WarmUp) -> jollycache::Result<Admin> {
    let mut admin = Admin::builder(cache).hide_values(config.admin.hide_values).warm_up(warm_up.clone());
    if let Some(token) = &config.admin.token {
        admin = admin.token(token.reveal());
    }
    admin.build()
}

/// Creates the login, with sessions in the cache's backend.
fn auth(config: &Config, cache: &Cache) -> jollycache::Result<Auth> {
    let AuthConfig { username, password_hash, idle, absolute, encryption_key } = &config.auth;
    let mut sessions = SessionService::builder(cache.clone()).idle(*idle).absolute(*absolute);
    let secure = config.environment != Environment::Development;
    match encryption_key {
        Some(key) => {
            let key = EncryptionKey::from_base64(key.reveal())?;
            sessions = sessions.encryption(Keyring::new("current", key));
        }
        None if secure => tracing::warn!("sessions are not encrypted: SESSION_ENCRYPTION_KEY is not set"),
        None => {}
    }
    Ok(Auth::new(sessions.build()?, username, password_hash.reveal(), *absolute, secure))
}

fn redis_backend(config: &RedisConfig) -> jollycache::Result<RedisBackend> {
    let RedisConfig { url, password, database, connection_timeout, max_retries, retry_delay } = config;
    let mut redis = RedisBackend::builder(url.reveal())
        .connect_timeout(*connection_timeout)
        .max_retries(*max_retries)
        .retry_delay(*retry_delay);
    if let Some(password) = password {
        redis = redis.password(password.reveal());
    }
    if let Some(database) = database {
        redis = redis.database(*database);
    }
    redis.build()
}

fn limits(config: &RateLimitConfig, cache: &Cache) -> jollycache::Result<Option<RateLimitLayer>> {
    if !config.enabled {
        return Ok(None);
    }
    let client_ip = ClientIp::new().trust_proxies(&config.trusted_proxies)?;
    rate_limits(cache, config.max_requests, config.window, &client_ip).map(Some)
}

async fn repository(config: &Config) -> Result<Arc<dyn ProductRepository>, UnusableUri> {
    Ok(match &config.mongodb {
        Some(uri) => Arc::new(MongoProductRepository::new(uri).await?),
        None => Arc::new(EmbeddedProductRepository::with_catalogue()),
    })
}
