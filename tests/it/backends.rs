//! One test on each backend.

use std::sync::Arc;
use std::time::Duration;

use jollycache::backend::Backend;
use jollycache::{Cache, CacheBuilder, MemoryBackend, Policy, RedisBackend};
use jollycache_tests::{Delay, RedisServer, TcpProxy};

/// Long enough for a loaded test machine: a test of a race must not come out of it by a timeout.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One way of a slow network: between regions, or over a radio.
const SLOW_MS: std::ops::RangeInclusive<u64> = 20..=200;

/// Makes caches that share one store, as processes do.
pub(crate) enum Caches {
    Memory(Arc<MemoryBackend>),
    Redis(RedisServer),
    /// A server behind a slow network.
    FarRedis {
        proxy: TcpProxy,
        _server: RedisServer,
    },
}

impl Caches {
    #[allow(clippy::unnecessary_wraps, reason = "as for a server, which may be missing")]
    pub(crate) fn memory() -> Option<Self> {
        Some(Caches::Memory(Arc::new(MemoryBackend::new())))
    }

    pub(crate) fn redis() -> Option<Self> {
        RedisServer::start().map(Caches::Redis)
    }

    pub(crate) async fn far_redis() -> Option<Self> {
        let server = RedisServer::start()?;
        let proxy = TcpProxy::start_slow(server.port(), Delay::each_way(SLOW_MS)).await;
        Some(Caches::FarRedis { proxy, _server: server })
    }

    /// Another store of the same kind.
    pub(crate) async fn anew(&self) -> Option<Self> {
        match self {
            Caches::Memory(_) => Self::memory(),
            Caches::Redis(_) => Self::redis(),
            Caches::FarRedis { .. } => Self::far_redis().await,
        }
    }

    /// Whether an answer takes its time.
    pub(crate) fn are_far(&self) -> bool {
        matches!(self, Caches::FarRedis { .. })
    }

    /// The store, by a further handle.
    pub(crate) async fn backend(&self) -> Arc<dyn Backend> {
        match self {
            Caches::Memory(store) => store.clone(),
            Caches::Redis(server) => {
                Arc::new(RedisBackend::connect(&server.url()).await.expect("the URL is right"))
            }
            Caches::FarRedis { proxy, .. } => {
                let builder = RedisBackend::builder(format!("redis://127.0.0.1:{}", proxy.port()));
                Arc::new(builder.connect_timeout(TIMEOUT).build().expect("the URL is right"))
            }
        }
    }

    /// A further cache on the same store, with flights, a breaker and connections of its own.
    pub(crate) async fn new_cache(&self) -> Cache {
        self.new_cache_with(|builder| builder).await
    }

    /// As [`Caches::new_cache`], with further settings.
    pub(crate) async fn new_cache_with(&self, set: impl FnOnce(CacheBuilder) -> CacheBuilder) -> Cache {
        let builder = Cache::builder().namespace("it").shared_backend(self.backend().await);
        set(builder.default_policy(Policy::new().timeout(TIMEOUT))).build().expect("the settings are right")
    }
}

/// Writes a test for each backend. Where a server is missing, the fixture says so and the test is skipped, or
/// fails under CI.
macro_rules! on_each_backend {
    ($name:ident, |$caches:ident| $body:expr $(, $far:ident)?) => {
        mod $name {
            use super::*;

            async fn case($caches: $crate::backends::Caches) {
                $body.await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                if let Some(caches) = $crate::backends::Caches::memory() {
                    case(caches).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                if let Some(caches) = $crate::backends::Caches::redis() {
                    case(caches).await;
                }
            }

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $far() {
                    if let Some(caches) = $crate::backends::Caches::far_redis().await {
                        case(caches).await;
                    }
                }
            )?
        }
    };
}

/// As [`on_each_backend`], and once more on a server that is far away: for races, which last longer there.
macro_rules! on_each_backend_near_and_far {
    ($name:ident, |$caches:ident| $body:expr) => {
        $crate::backends::on_each_backend!($name, |$caches| $body, far);
    };
}

pub(crate) use {on_each_backend, on_each_backend_near_and_far};
