//! Crowds: many callers cost one load, and nothing in the process grows faster than their number.
//!
//! The ignored tests print figures:
//! `cargo test -p jollycache-tests --all-features --test it crowds -- --ignored --nocapture --test-threads 1`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jollycache::{Cache, ErrorKind, MemoryBackend, Policy};
use jollycache_tests::{Delay, Fault, FaultyBackend, Gate, RedisServer, TcpProxy};

const LONG: Duration = Duration::from_mins(5);

fn policy() -> Policy {
    Policy::new().ttl(LONG).wait(LONG)
}

/// Waits for an event that is seen by looking only.
async fn until(happened: impl Fn() -> bool) {
    while !happened() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A cache that cannot be read, whose invalidations are queued.
fn in_an_outage(places: usize) -> Cache {
    let backend = FaultyBackend::over(Arc::new(MemoryBackend::new()));
    for operation in ["read", "invalidate", "ping"] {
        backend.fault(operation, Fault::Fails(ErrorKind::Unavailable));
    }
    let builder = Cache::builder().namespace("crowds").shared_backend(backend);
    builder.max_unleased_loads(places).build().unwrap()
}

#[derive(Clone, Default)]
struct Source {
    value: Arc<AtomicU64>,
    loads: Arc<AtomicU64>,
}

impl Source {
    fn load(&self) -> u64 {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.value.load(Ordering::SeqCst)
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }
}

/// Starts so many callers of one key, whose loads stop at the gate.
fn callers(cache: &Cache, source: &Source, gate: &Gate, count: usize) -> Vec<tokio::task::JoinHandle<u64>> {
    let start = || {
        let (cache, source, gate) = (cache.clone(), source.clone(), gate.clone());
        tokio::spawn(async move {
            let load = async || {
                let value = source.load();
                gate.pass().await;
                Ok::<_, String>(value)
            };
            cache.get_or_load("number", &policy(), load).await.expect("the load succeeds")
        })
    };
    (0..count).map(|_| start()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_callers_of_one_key_load_once() {
    const CALLERS: usize = 20_000;
    let cache = Cache::builder().namespace("crowds").backend(MemoryBackend::new()).build().unwrap();
    let (source, gate) = (Source::default(), Gate::new());
    let callers = callers(&cache, &source, &gate, CALLERS);
    until(|| cache.stats().waiting == CALLERS - 1 || source.loads() > 1).await;
    // As many as there might be loads: one too many is harmless.
    for _ in 0..CALLERS {
        gate.open();
    }
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 0);
    }
    assert_eq!(source.loads(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_was_evicted_in_an_outage_has_its_single_flight() {
    const CALLERS: usize = 2_000;
    let cache = in_an_outage(128);
    cache.evict("number").await.expect_err("it is queued");
    let (source, gate) = (Source::default(), Gate::new());
    let callers = callers(&cache, &source, &gate, CALLERS);
    // One loads, one leads the callers from after the start of that load.
    until(|| cache.stats().waiting == CALLERS - 2 || source.loads() > 1).await;
    for _ in 0..CALLERS {
        gate.open();
    }
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 0);
    }
    assert!(source.loads() <= 2, "{CALLERS} callers took {} loads", source.loads());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_after_a_queued_eviction_does_not_join_a_flight_from_before_it() {
    let backend = FaultyBackend::over(Arc::new(MemoryBackend::new()));
    let cache = Cache::builder().namespace("crowds").shared_backend(backend.clone()).build().unwrap();
    let (source, gate) = (Source::default(), Gate::new());
    let early = callers(&cache, &source, &gate, 1);
    gate.reached().await;
    source.value.store(2, Ordering::SeqCst);
    for operation in ["invalidate", "ping"] {
        backend.fault(operation, Fault::Fails(ErrorKind::Unavailable));
    }
    cache.evict("number").await.expect_err("it is queued");
    // The fill of the first would be accepted: only this process has the queued eviction.
    let open = Gate::new();
    open.open();
    for caller in callers(&cache, &source, &open, 1) {
        assert_eq!(caller.await.unwrap(), 2, "it started after the eviction");
    }
    gate.open();
    for caller in early {
        assert_eq!(caller.await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints a figure"]
async fn figure_twenty_thousand_callers_of_one_key() {
    let cache = Cache::builder().namespace("crowds").backend(MemoryBackend::new()).build().unwrap();
    let loads = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let callers: Vec<_> = (0..20_000)
        .map(|_| {
            let (cache, loads) = (cache.clone(), loads.clone());
            tokio::spawn(async move {
                let load = async || {
                    loads.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    Ok::<_, String>(7_u64)
                };
                cache.get_or_load("number", &Policy::new(), load).await.expect("the load succeeds")
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    println!("20,000 callers of one key: {} loads, {:?}", loads.load(Ordering::SeqCst), start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints a figure"]
async fn figure_sixteen_thousand_keys_in_an_outage() {
    const CALLERS: usize = 16_000;
    let cache = in_an_outage(CALLERS);
    while cache.is_connected() {
        let _ = cache.get_or_load("warm", &Policy::new(), async || Ok::<_, String>(7_u64)).await;
    }
    let (start, gate) = (Instant::now(), Gate::new());
    let callers: Vec<_> = (0..CALLERS)
        .map(|i| {
            let (cache, gate) = (cache.clone(), gate.clone());
            tokio::spawn(async move {
                let load = async || {
                    gate.pass().await;
                    Ok::<_, String>(7_u64)
                };
                cache.get_or_load(format!("n:{i}"), &Policy::new(), load).await.expect("the load succeeds")
            })
        })
        .collect();
    for _ in 0..CALLERS {
        gate.reached().await;
    }
    println!("16,000 keys in an outage: all loads have begun after {:?}", start.elapsed());
    for _ in 0..CALLERS {
        gate.open();
    }
    for caller in callers {
        caller.await.unwrap();
    }
}

/// 500 callers of one process are cancelled while their requests are under way; then 500 of another are timed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints a figure"]
async fn figure_a_storm_of_cancellations_on_a_slow_network() {
    let Some(server) = RedisServer::start() else { return };
    for each_way in [0..=0, 20..=40, 20..=200] {
        let proxy = TcpProxy::start_slow(server.port(), Delay::each_way(each_way.clone())).await;
        let (unlucky, lucky) = (far_cache(&proxy).await, far_cache(&proxy).await);
        for cache in [&unlucky, &lucky] {
            cache.flush().await.expect("flushes");
        }
        let round_trip = Duration::from_millis(each_way.end() * 2);
        let cancelled: Vec<_> =
            (0..500).map(|i| tokio::spawn(timed_read(unlucky.clone(), i % 100))).collect();
        // The reads are answered, and the leases asked for.
        tokio::time::sleep(round_trip.mul_f64(1.25) + Duration::from_millis(2)).await;
        for caller in cancelled {
            caller.abort();
        }
        let callers: Vec<_> = (0..500).map(|i| tokio::spawn(timed_read(lucky.clone(), i % 100))).collect();
        let mut took = Vec::new();
        for caller in callers {
            took.push(caller.await.unwrap());
        }
        took.sort_unstable();
        println!("{each_way:?} ms each way: p50 {:?}, p99 {:?}, max {:?}", took[250], took[495], took[499]);
    }
}

async fn far_cache(proxy: &TcpProxy) -> Cache {
    let builder = jollycache::RedisBackend::builder(format!("redis://127.0.0.1:{}", proxy.port()));
    let backend = builder.connect_timeout(Duration::from_secs(5)).build().unwrap();
    let policy = Policy::new().timeout(Duration::from_secs(5));
    let cache = Cache::builder().namespace("crowds").backend(backend).default_policy(policy).build().unwrap();
    cache.ping().await.expect("connects");
    cache
}

async fn timed_read(cache: Cache, key: u64) -> Duration {
    let start = Instant::now();
    let load = async || {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok::<_, String>(7_u64)
    };
    cache.get_or_load(format!("n:{key}"), &Policy::new(), load).await.expect("the load succeeds");
    start.elapsed()
}
