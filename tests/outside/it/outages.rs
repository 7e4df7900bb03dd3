//! Servers that are away, loaders that do not come back, and crowds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use jollycache::{Cache, Key, MemoryBackend, Policy, RedisBackend, cache_evict, cacheable};
use jollycache_outside::proxy::{Proxy, Way};
use jollycache_outside::redis_server::RedisServer;
use jollycache_outside::wait::{bounded, until};
use tokio::time::sleep;

use crate::caches::patient;

fn cache(url: &str) -> Cache {
    let policy = Policy::new().timeout(Duration::from_millis(400)).ttl(Duration::from_hours(1));
    let backend = RedisBackend::builder(url).build().expect("a backend");
    Cache::builder()
        .namespace("outside:outage")
        .backend(backend)
        .default_policy(policy)
        .build()
        .expect("a cache")
}

#[cacheable(cache = "items", key = "k:{id}", tags = ["t", "t:{id}"], with = cache, skip(cache, version))]
async fn item(cache: &Cache, id: u64, version: u64) -> u64 {
    let _ = (cache, id);
    version
}

macro_rules! evictors {
    ($($name:ident($id:ident): ($($option:tt)*);)*) => {$(
        #[cache_evict(cache = "items", with = cache, $($option)*)]
        async fn $name(cache: &Cache, $id: u64) {
            let _ = (cache, $id);
        }
    )*};
}

evictors! {
    evict_key(id): (key = "k:{id}");
    evict_tag(id): (tags = ["t"]);
    evict_own_tag(id): (tags = ["t:{id}"]);
    evict_around(id): (key = "k:{id}", tags = ["x:{id}"], when = "around");
    evict_pattern(id): (pattern = "k:{id}*");
    evict_region(id): (all);
}

/// Every way to evict number 7; whether it was acknowledged does not matter here.
async fn evict(cache: &Cache, way: u32) {
    match way {
        0 => drop(cache.evict("k:7").await),
        1 => drop(cache.evict_tags(["t:7"]).await),
        2 => drop(cache.evict_pattern("k:?").await),
        3 => drop(cache.evict_region("items").await),
        4 => drop(cache.flush().await),
        5 => evict_key(cache, 7).await,
        6 => evict_tag(cache, 7).await,
        7 => evict_own_tag(cache, 7).await,
        8 => evict_around(cache, 7).await,
        9 => evict_pattern(cache, 7).await,
        10 => evict_region(cache, 7).await,
        11 => drop(cache.begin_write(["k:7"], ["x"]).await),
        _ => {
            // Given up before its end.
            let _ = tokio::time::timeout(Duration::from_millis(20), cache.evict("k:7")).await;
        }
    }
}

/// Every way to read number 7: what a value of the source is now, or nothing.
async fn reads(cache: &Cache) -> Vec<Option<u64>> {
    let own = Policy::new().region("items").tag("t").tag("t:7");
    let other = Policy::new().region("elsewhere");
    let load = || async { Ok::<_, std::io::Error>(2_u64) };
    let load_many = |keys: Vec<Key>| async {
        Ok::<_, std::io::Error>(keys.into_iter().map(|key| (key, 2_u64)).collect())
    };
    let key = [Key::from("k:7")];
    let mut read = vec![cache.get::<u64>("k:7").await.ok().flatten()];
    read.extend(cache.get_many::<u64>(&key).await.unwrap_or_default());
    read.push(cache.get_or_load("k:7", &other, load).await.ok());
    read.push(cache.get_or_load_many(&key, &other, load_many).await.expect("no error").get(&key[0]).copied());
    read.push(cache.get_or_load("k:7", &own, load).await.ok());
    read.push(Some(item(cache, 7, 2).await));
    read
}

/// An eviction that is lost on its way, then a server that is there again: nothing old is served in this process,
/// before the eviction is delivered and after.
async fn undelivered(way: u32) {
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::before(server.address(), 1).await;
    let cache = cache(&proxy.url());
    until("it is cached", || async {
        item(&cache, 7, 1).await;
        cache.get::<u64>("k:7").await.is_ok_and(|value| value == Some(1))
    })
    .await;
    proxy.hold(Way::ToServer);
    bounded("an eviction", evict(&cache, way)).await;
    for read in bounded("reads in the outage", reads(&cache)).await {
        assert_ne!(read, Some(1), "eviction {way}, in the outage");
    }
    // Requests under way are lost.
    proxy.reset();
    proxy.release(Way::ToServer);
    let mut delivered = false;
    while !delivered {
        delivered = cache.stats().pending_invalidations == 0 && cache.close().await;
        for (number, read) in bounded("reads after the outage", reads(&cache)).await.into_iter().enumerate() {
            assert_ne!(read, Some(1), "eviction {way}, read {number}, delivered: {delivered}");
        }
        sleep(Duration::from_millis(3)).await;
    }
    until("it is cached again", || async {
        item(&cache, 7, 2).await == 2 && cache.get::<u64>("k:7").await.ok().flatten() == Some(2)
    })
    .await;
}

#[tokio::test]
async fn evictions_by_hand_that_were_lost_on_their_way_hold_in_this_process() {
    join_all([0, 1, 2, 3, 4, 11, 12].map(undelivered)).await;
}

#[tokio::test]
async fn evictions_by_attribute_that_were_lost_on_their_way_hold_in_this_process() {
    join_all((5..11).map(undelivered)).await;
}

/// More evictions than the queue holds.
#[tokio::test]
async fn twelve_thousand_lost_evictions_hold_in_this_process() {
    const KEYS: usize = 12_000;
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::before(server.address(), 1).await;
    let cache = patient("outside:many", RedisBackend::builder(server.url()).build().expect("a backend"));
    let keys: Vec<Key> = (0..KEYS).map(|number| Key::from(format!("k:{number}"))).collect();
    let values: Vec<(Key, u64)> = keys.iter().map(|key| (key.clone(), 1)).collect();
    for values in values.chunks(100) {
        until("they are stored", || async { cache.set_many(values, Duration::from_hours(1)).await.is_ok() })
            .await;
    }
    drop(cache);

    let cache = cache_of("outside:many", &proxy.url());
    until("it is connected", || async { cache.ping().await.is_ok() }).await;
    assert_eq!(cache.get::<u64>("k:0").await.expect("a read"), Some(1));
    proxy.hold(Way::ToServer);
    for chunk in keys.chunks(500) {
        join_all(chunk.iter().map(|key| cache.evict(key))).await;
    }
    proxy.reset();
    proxy.release(Way::ToServer);
    let mut delivered = false;
    while !delivered {
        delivered = cache.stats().pending_invalidations == 0 && cache.close().await;
        let read = cache.get_many::<u64>(&keys).await.unwrap_or_default();
        let old = read.iter().filter(|value| value.is_some()).count();
        assert_eq!(old, 0, "of {KEYS} evicted values, delivered: {delivered}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn cache_of(namespace: &str, url: &str) -> Cache {
    let policy = Policy::new().timeout(Duration::from_secs(2));
    let backend = RedisBackend::builder(url).build().expect("a backend");
    Cache::builder().namespace(namespace).backend(backend).default_policy(policy).build().expect("a cache")
}

/// Loaders that fail, panic, or are dropped, beside one that works.
async fn bad_loaders(cache: &Cache) {
    let good = Arc::new(AtomicUsize::new(0));
    let callers = (0..200).map(|number| {
        let (cache, good) = (cache.clone(), Arc::clone(&good));
        async move {
            let policy = Policy::new();
            let load = || async {
                tokio::task::yield_now().await;
                match number % 4 {
                    0 => panic!("a loader that panics"),
                    1 => Err(std::io::Error::other("a loader that fails")),
                    2 => std::future::pending().await,
                    _ => Ok(good.fetch_add(1, Ordering::SeqCst)),
                }
            };
            let read = cache.get_or_load("bad", &policy, load);
            match number % 4 {
                2 => drop(tokio::time::timeout(Duration::from_millis(50), read).await),
                0 => drop(std::panic::AssertUnwindSafe(read).catch_unwind().await),
                _ => drop(bounded("a caller beside bad loaders", read).await),
            }
        }
    });
    bounded("all callers", join_all(callers)).await;
    let load = || async { Ok::<_, std::io::Error>(999_usize) };
    bounded("a good load", cache.get_or_load("bad", &Policy::new(), load)).await.expect("no error");
    assert!(cache.get::<usize>("bad").await.expect("a read").is_some(), "a good value is stored");
    let stats = cache.stats();
    assert_eq!((stats.loading, stats.waiting), (0, 0), "something is left");
}

#[tokio::test]
async fn bad_loaders_harm_no_other_caller() {
    bad_loaders(&patient("outside:bad", MemoryBackend::new())).await;
    let Some(server) = RedisServer::start() else { return };
    bad_loaders(&patient("outside:bad", RedisBackend::builder(server.url()).build().expect("a backend")))
        .await;
}

/// A crowd asks for one key while it is loaded; returns how many loads there were.
async fn crowd(cache: &Cache, callers: usize) -> usize {
    let loads = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (cache, loads) = (cache.clone(), Arc::clone(&loads));
            tokio::spawn(async move {
                let load = || async {
                    loads.fetch_add(1, Ordering::SeqCst);
                    until("all others wait", || async { cache.stats().waiting >= callers - 1 }).await;
                    Ok::<_, std::io::Error>("value".to_owned())
                };
                cache.get_or_load("crowd", &Policy::new(), load).await.expect("no error")
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic"), "value");
    }
    loads.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_callers_load_once() {
    assert_eq!(crowd(&patient("outside:crowd", MemoryBackend::new()), 5_000).await, 1);
    let Some(server) = RedisServer::start() else { return };
    let cache = patient("outside:crowd", RedisBackend::builder(server.url()).build().expect("a backend"));
    assert_eq!(crowd(&cache, 5_000).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_callers_load_once() {
    assert_eq!(crowd(&patient("outside:crowd", MemoryBackend::new()), 20_000).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_hits_at_once_load_nothing() {
    let Some(server) = RedisServer::start() else { return };
    let backend = RedisBackend::builder(server.url()).build().expect("a backend");
    // The default policy: its 50 ms are for the server, not for this process's own queue.
    let cache = Cache::builder().namespace("outside:warm").backend(backend).build().expect("a cache");
    for number in 0..100_u64 {
        until("it is stored", || async {
            cache.put(format!("k:{number}"), &number, &Policy::new()).await.is_ok()
        })
        .await;
    }
    let loads = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..20_000_u64)
        .map(|number| {
            let (cache, loads) = (cache.clone(), Arc::clone(&loads));
            tokio::spawn(async move {
                let load = || async {
                    loads.fetch_add(1, Ordering::SeqCst);
                    Ok::<_, std::io::Error>(number % 100)
                };
                let read = cache.get_or_load(format!("k:{}", number % 100), &Policy::new(), load).await;
                assert_eq!(read.expect("no error"), number % 100);
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(loads.load(Ordering::SeqCst), 0, "loads of warm keys on a healthy server");
    assert!(cache.is_connected(), "the breaker is open");
}
