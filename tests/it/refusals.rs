//! A server that answers with errors: which of them are an outage, and how much is written of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jollycache::{Cache, Policy, RedisBackend};
use jollycache_tests::{RedisServer, TcpProxy};
use tokio::time::Instant;
use tracing::{Event, Level, Metadata, Subscriber, span};

const PATIENCE: Duration = Duration::from_secs(10);
const CALLS: usize = 200;
/// One a region and kind of refusal: of the lease, and of what is made of it.
const FEW: usize = 4;

/// Counts warnings.
#[derive(Debug, Clone, Default)]
struct Log(Arc<AtomicUsize>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

async fn cache(url: &str, timeout: Duration) -> Cache {
    let backend = RedisBackend::connect(url).await.unwrap();
    let policy = Policy::new().timeout(timeout).ttl(Duration::from_mins(5));
    Cache::builder()
        .namespace("refusals")
        .backend(backend)
        .default_policy(policy)
        .max_value_bytes(64 << 20)
        .build()
        .unwrap()
}

async fn load(cache: &Cache, id: usize) {
    let key = format!("number:{id}");
    let found = cache.get_or_load(key, &Policy::new(), async || Ok::<_, String>(id)).await;
    assert_eq!(found.unwrap(), id);
}

#[tokio::test]
async fn a_full_server_is_warned_of_once_and_is_no_outage() {
    let Some(server) = RedisServer::start() else { return };
    let cache = cache(&server.url(), PATIENCE).await;
    cache.ping().await.unwrap();
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).exec(&mut server.client()).unwrap();
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    for id in 0..CALLS {
        load(&cache, id).await;
    }
    drop(guard);
    let (written, errors) = (log.0.load(Ordering::Relaxed), cache.stats().total.backend_errors);
    assert!(errors >= CALLS as u64, "{errors} errors: the server was not full");
    assert!((1..=FEW).contains(&written), "{written} warnings of {errors} errors");
    assert!(cache.is_connected(), "what is there can be read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_busy_is_an_outage_until_it_is_not() {
    let Some(server) = RedisServer::start() else { return };
    let cache = cache(&server.url(), PATIENCE).await;
    load(&cache, 1).await;
    let mut admin = server.client();
    redis::cmd("CONFIG").arg(&["SET", "busy-reply-threshold", "1"]).exec(&mut admin).unwrap();
    let mut busy = server.client();
    let script = tokio::task::spawn_blocking(move || {
        let _ = redis::cmd("EVAL").arg("while true do end").arg(0).exec(&mut busy);
    });
    let start = Instant::now();
    while cache.is_connected() {
        load(&cache, 1).await;
        assert!(start.elapsed() < PATIENCE, "the breaker does not open");
    }
    redis::cmd("SCRIPT").arg("KILL").exec(&mut admin).unwrap();
    script.await.unwrap();
    let start = Instant::now();
    while !cache.is_connected() {
        assert!(start.elapsed() < PATIENCE, "not back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(cache.get::<usize>("number:1").await.unwrap(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_big_value_holds_up_no_eviction() {
    const BIG: usize = 8 * 1024 * 1024;
    const EVICTIONS: usize = 20;
    let Some(server) = RedisServer::start() else { return };
    let proxy = TcpProxy::start(server.port()).await;
    // The value takes four seconds.
    proxy.set_bandwidth(BIG as u64 / 4);
    let writer = cache(&proxy.redis_url(), PATIENCE).await;
    let big = "x".repeat(BIG);
    let filling = {
        let writer = writer.clone();
        tokio::spawn(async move { writer.set("big", &big, Duration::from_mins(5)).await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    for id in 0..EVICTIONS {
        let eviction = tokio::time::timeout(Duration::from_secs(1), writer.evict(format!("number:{id}")));
        assert!(!eviction.await.expect("it is held up").unwrap());
        assert!(!filling.is_finished(), "the value was sent too fast for this test");
    }
    filling.await.unwrap().unwrap();
    assert!(writer.exists("big").await.unwrap());
}
