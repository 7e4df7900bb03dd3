//! Slow networks: delays of 20 to 200 ms each way, held and late bytes, half-closed connections, cancelled callers.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jollycache::{Cache, Policy, RedisBackend, cache_put};
use jollycache_outside::proxy::{Proxy, Way};
use jollycache_outside::redis_server::RedisServer;
use jollycache_outside::seed;
use jollycache_outside::source::Record;
use jollycache_outside::wait::{BOUND, bounded, until};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep, timeout};

/// The network of these tests, in milliseconds each way.
const SLOW: std::ops::Range<u64> = 20..200;
const KEYS: usize = 6;

/// A wait longer than the network takes, and a lease that outlives the test, so that a wait for a lost lease is noticed.
fn policy() -> Policy {
    Policy::new()
        .timeout(Duration::from_secs(5))
        .lease(3 * BOUND)
        .wait(3 * BOUND)
        .ttl(Duration::from_hours(1))
}

fn cache(url: &str, policy: Policy) -> Cache {
    let backend =
        RedisBackend::builder(url).connect_timeout(Duration::from_secs(5)).build().expect("a backend");
    Cache::builder()
        .namespace("outside:net")
        .backend(backend)
        .default_policy(policy)
        .build()
        .expect("a cache")
}

async fn read(cache: &Cache, key: &str, record: &Record) -> u64 {
    let policy = Policy::new().tag(format!("tag:{key}"));
    let load = || async { Ok::<_, std::io::Error>(record.load()) };
    cache.get_or_load(key, &policy, load).await.expect("no error")
}

/// Writes the source and evicts by one of the ways that exist. Records the acknowledged version.
async fn write(cache: &Cache, key: &str, record: &Record, way: u32) {
    let (version, done) = match way {
        0 => {
            let version = record.commit();
            (version, cache.evict(key).await.is_ok())
        }
        1 => {
            let version = record.commit();
            (version, cache.evict_tags([format!("tag:{key}")]).await.is_ok())
        }
        _ => {
            let guard = cache.begin_write([key], [""; 0]).await;
            let version = record.commit();
            let policy = Policy::new().tag(format!("tag:{key}"));
            let done = match guard {
                Ok(guard) if way == 2 => guard.commit_put(key, &version, &policy).await.is_ok(),
                Ok(guard) => guard.commit_evict().await.is_ok(),
                Err(_) => cache.evict(key).await.is_ok(),
            };
            (version, done)
        }
    };
    if done {
        record.acknowledge(version);
    }
}

/// Readers and writers over all records until `end`; returns how many reads there were.
async fn traffic(caches: &[Cache], records: &[Record], rng: &mut StdRng, end: Instant) -> u64 {
    let readers = (0..24).map(|index| {
        let mut rng = StdRng::seed_from_u64(rng.random());
        async move {
            let mut reads = 0;
            while Instant::now() < end {
                let number = rng.random_range(0..records.len());
                let (record, cache) = (&records[number], &caches[index % caches.len()]);
                let floor = record.floor();
                let version = bounded("a read", read(cache, &format!("k:{number}"), record)).await;
                assert!(version >= floor, "read {version} of k:{number} after {floor} was acknowledged");
                reads += 1;
                sleep(Duration::from_millis(rng.random_range(0..20))).await;
            }
            reads
        }
    });
    let readers: Vec<_> = readers.collect();
    let writers: Vec<_> = (0..3)
        .map(|index| {
            let mut rng = StdRng::seed_from_u64(rng.random());
            async move {
                while Instant::now() < end {
                    let number = rng.random_range(0..records.len());
                    let way = rng.random_range(0..4);
                    write(&caches[index % caches.len()], &format!("k:{number}"), &records[number], way).await;
                    sleep(Duration::from_millis(rng.random_range(0..300))).await;
                }
            }
        })
        .collect();
    let (reads, _) = tokio::join!(join_all(readers), join_all(writers));
    reads.into_iter().sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_holds_over_a_slow_network() {
    let mut rng = seed::rng("the_contract_holds_over_a_slow_network");
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::before(server.address(), rng.random()).await;
    proxy.delay(SLOW);
    let caches =
        [cache(&proxy.url(), policy()), cache(&proxy.url(), policy()), cache(&server.url(), policy())];
    let records: Vec<Record> = (0..KEYS).map(|_| Record::default()).collect();
    let reads = traffic(&caches, &records, &mut rng, Instant::now() + Duration::from_secs(8)).await;
    let loads: u64 = records.iter().map(Record::loads).sum();
    println!("{reads} reads, {loads} loads");
    assert!(reads > loads, "nothing was cached: {reads} reads, {loads} loads");
}

/// Impatient timeouts: operations are given up while their bytes are under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_holds_where_half_of_the_operations_time_out() {
    let mut rng = seed::rng("the_contract_holds_where_half_of_the_operations_time_out");
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::before(server.address(), rng.random()).await;
    proxy.delay(1..120);
    let impatient = policy().timeout(Duration::from_millis(120)).wait(Duration::from_secs(1));
    let caches = [cache(&proxy.url(), impatient), cache(&server.url(), policy())];
    let records: Vec<Record> = (0..KEYS).map(|_| Record::default()).collect();
    let reads = traffic(&caches, &records, &mut rng, Instant::now() + Duration::from_secs(8)).await;
    println!("{reads} reads");
    proxy.delay(0..0);
    for cache in &caches {
        until("the queue is empty", || cache.close()).await;
    }
}

/// Callers that are dropped at random times, in every phase of a read.
async fn storm(cache: &Cache, record: &Arc<Record>, rng: &mut StdRng) {
    let callers: Vec<_> = (0..500)
        .map(|_| {
            let key = format!("storm:{}", rng.random_range(0..KEYS));
            let (cache, record) = (cache.clone(), Arc::clone(record));
            let (start, patience) = (rng.random_range(0..600), rng.random_range(0..700));
            tokio::spawn(async move {
                sleep(Duration::from_millis(start)).await;
                let load = || async {
                    sleep(Duration::from_millis(30)).await;
                    Ok::<_, std::io::Error>(record.load())
                };
                let policy = Policy::new();
                let read = cache.get_or_load(key, &policy, load);
                let _ = timeout(Duration::from_millis(patience), read).await;
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_storm_of_cancelled_callers_no_read_waits_for_a_lost_lease() {
    let mut rng = seed::rng("after_a_storm_of_cancelled_callers");
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::before(server.address(), rng.random()).await;
    proxy.delay(SLOW);
    let record = Arc::new(Record::default());
    let (near, far) = (cache(&server.url(), policy()), cache(&proxy.url(), policy()));
    for round in 0..3 {
        storm(&far, &record, &mut rng).await;
        // Another process, as a rule: it knows nothing of the callers that were dropped.
        let other = if round % 2 == 0 { &near } else { &far };
        for number in 0..KEYS {
            let key = format!("storm:{number}");
            bounded("a read after the storm", read(other, &key, &record)).await;
            other.evict(key.as_str()).await.expect("an eviction");
        }
    }
}

#[cache_put(key = "late", with = cache)]
async fn put_by_attribute(cache: &Cache, record: &Record) -> u64 {
    let _ = cache;
    record.commit()
}

/// One operation that stores the version `1`, begun on `cache`.
async fn store(cache: &Cache, record: &Record, way: u32) {
    let policy = Policy::new();
    match way {
        0 => drop(cache.put("late", &record.commit(), &policy).await),
        1 => drop(cache.set("late", &record.commit(), Duration::from_mins(10)).await),
        2 => {
            record.commit();
            let load = || async { Ok::<_, std::io::Error>(record.load()) };
            drop(cache.get_or_load("late", &policy, load).await);
        }
        3 => {
            let Ok(guard) = cache.begin_write(["late"], [""; 0]).await else { return };
            drop(guard.commit_put("late", &record.commit(), &policy).await);
        }
        4 => {
            let version = record.commit();
            drop(cache.update("late", &policy, |_| version).await);
        }
        5 => drop(cache.set_many(&[("late".into(), record.commit())], Duration::from_mins(10)).await),
        _ => {
            record.commit();
            let keys = ["late".into()];
            let load = |keys: Vec<jollycache::Key>| async {
                Ok::<_, std::io::Error>(keys.into_iter().map(|key| (key, record.load())).collect())
            };
            drop(cache.get_or_load_many(&keys, &policy, load).await);
        }
    }
}

/// Bytes of an operation are held at some point, another process writes and evicts, and then they are delivered.
async fn late(way: u32, own_process: bool) {
    let mut rng = seed::rng(&format!("late {way} {own_process}"));
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::before(server.address(), rng.random()).await;
    let impatient =
        policy().timeout(Duration::from_millis(400)).wait(Duration::from_secs(1)).lease(3 * BOUND);
    for round in 0..6 {
        let slow = cache(&proxy.url(), impatient.clone());
        let direct = cache(&server.url(), policy());
        proxy.delay(0..0);
        direct.evict("late").await.expect("an eviction");
        until("it is connected", || async { slow.ping().await.is_ok() }).await;
        slow.get::<u64>("late").await.expect("a read");
        proxy.delay(5..15);
        let record = Record::default();
        let hold = async {
            // In every phase of the operation.
            sleep(Duration::from_millis(round * 12)).await;
            proxy.hold_present(Way::ToServer);
        };
        tokio::join!(store(&slow, &record, way), hold);
        let version = record.commit();
        if own_process {
            until("an eviction is acknowledged", || async { slow.evict("late").await.is_ok() }).await;
        } else {
            direct.evict("late").await.expect("an eviction");
        }
        record.acknowledge(version);
        proxy.release(Way::ToServer);
        // As long as bytes may be under way: what comes must change nothing.
        for _ in 0..20 {
            let cached = direct.get::<u64>("late").await.expect("a read");
            assert!(
                cached.is_none_or(|cached| cached >= version),
                "round {round}: {cached:?} after {version} was acknowledged"
            );
            sleep(Duration::from_millis(10)).await;
        }
        let read = bounded("a read", read(&direct, "late", &record)).await;
        assert!(read >= version, "round {round}: {read} after {version} was acknowledged");
        proxy.reset();
    }
}

#[tokio::test]
async fn a_late_fill_changes_nothing() {
    late(2, false).await;
    late(2, true).await;
    late(6, false).await;
}

#[tokio::test]
async fn a_late_commit_changes_nothing() {
    late(3, false).await;
    late(3, true).await;
}

#[tokio::test]
async fn a_late_update_changes_nothing() {
    late(4, false).await;
    late(4, true).await;
}

#[tokio::test]
async fn a_late_put_changes_nothing() {
    join_all([0, 1, 5].map(|way| late(way, true))).await;
    join_all([0, 1, 5].map(|way| late(way, false))).await;
}

#[tokio::test]
async fn half_closed_connections_are_replaced() {
    let mut rng = seed::rng("half_closed_connections_are_replaced");
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::before(server.address(), rng.random()).await;
    let cache = cache(&proxy.url(), policy().timeout(Duration::from_millis(300)));
    let record = Record::default();
    for way in [Way::ToServer, Way::ToClient, Way::ToServer, Way::ToClient] {
        read(&cache, "half", &record).await;
        proxy.half_close(way);
        let version = record.commit();
        if cache.evict("half").await.is_err() {
            println!("queued");
        }
        record.acknowledge(version);
        assert!(read(&cache, "half", &record).await >= version);
        until("it is cached again", || async {
            read(&cache, "half", &record).await;
            let loads = record.loads();
            read(&cache, "half", &record).await;
            record.loads() == loads
        })
        .await;
    }
}
