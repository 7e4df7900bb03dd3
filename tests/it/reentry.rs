//! A load that asks for the key that it loads runs at once, and does not wait for itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jollycache::{Cache, Error, ErrorKind, Key, MemoryBackend, Policy, cacheable};
use jollycache_tests::{Fault, FaultyBackend};

/// Leases and waits outlast the test, so that a call that waits for itself fails it.
const LONG: Duration = Duration::from_mins(5);
const SOON: Duration = Duration::from_secs(20);

fn policy() -> Policy {
    Policy::new().ttl(LONG).lease(LONG).wait(LONG)
}

fn cache() -> Cache {
    Cache::builder()
        .namespace("reentry")
        .backend(MemoryBackend::new())
        .default_policy(policy())
        .build()
        .unwrap()
}

async fn soon<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, call).await.expect("it waits for itself")
}

#[derive(Clone)]
struct Prices {
    cache: Cache,
}

impl Prices {
    #[cacheable(key = "price:{id}", with = self.cache)]
    async fn in_euros(&self, id: u64) -> Result<u64, Error> {
        Ok(self.raw(id).await? * 100)
    }

    #[cacheable(key = "price:{id}", with = self.cache)]
    async fn raw(&self, id: u64) -> Result<u64, Error> {
        Ok(id)
    }

    #[cacheable(key = "text:{id}", with = self.cache)]
    async fn as_text(&self, id: u64) -> Result<String, Error> {
        Ok(self.as_number(id).await?.to_string())
    }

    #[cacheable(key = "text:{id}", with = self.cache)]
    async fn as_number(&self, id: u64) -> Result<u64, Error> {
        Ok(id)
    }

    #[cacheable(key = "twice:{id}", with = self.cache)]
    #[cacheable(key = "twice:{id}", with = self.cache)]
    async fn twice(&self, id: u64) -> Result<u64, Error> {
        Ok(id)
    }

    #[cacheable(key = "outer:{id}", with = self.cache)]
    async fn outer(&self, id: u64) -> Result<u64, Error> {
        self.middle(id).await
    }

    #[cacheable(key = "middle:{id}", with = self.cache)]
    async fn middle(&self, id: u64) -> Result<u64, Error> {
        if id == 0 { Ok(0) } else { Box::pin(self.outer_again(id)).await }
    }

    #[cacheable(key = "outer:{id}", with = self.cache)]
    async fn outer_again(&self, id: u64) -> Result<u64, Error> {
        Ok(id)
    }
}

#[tokio::test]
async fn a_function_that_calls_another_with_its_key_does_not_wait_for_itself() {
    let prices = Prices { cache: cache() };
    assert_eq!(soon(prices.in_euros(3)).await.unwrap(), 300);
    assert_eq!(prices.cache.get::<u64>("price:3").await.unwrap(), Some(300), "the outer one is stored");
    assert_eq!(prices.in_euros(3).await.unwrap(), 300);
}

#[tokio::test]
async fn nor_does_one_whose_value_is_of_another_type() {
    let prices = Prices { cache: cache() };
    assert_eq!(soon(prices.as_text(3)).await.unwrap(), "3");
}

#[tokio::test]
async fn nor_one_function_that_is_cached_twice() {
    let prices = Prices { cache: cache() };
    assert_eq!(soon(prices.twice(3)).await.unwrap(), 3);
    assert_eq!(soon(prices.twice(3)).await.unwrap(), 3);
}

#[tokio::test]
async fn nor_over_a_third_in_between() {
    let prices = Prices { cache: cache() };
    assert_eq!(soon(prices.outer(3)).await.unwrap(), 3);
    assert_eq!(prices.cache.get::<u64>("middle:3").await.unwrap(), Some(3), "another key is cached as ever");
}

#[tokio::test]
async fn nor_in_an_outage() {
    let backend = FaultyBackend::over(Arc::new(MemoryBackend::new()));
    for operation in ["read", "lease", "ping"] {
        backend.fault(operation, Fault::Fails(ErrorKind::Unavailable));
    }
    let cache = Cache::builder()
        .namespace("reentry")
        .shared_backend(backend)
        .default_policy(policy())
        .build()
        .unwrap();
    let prices = Prices { cache };
    for _ in 0..10 {
        assert_eq!(soon(prices.in_euros(3)).await.unwrap(), 300);
    }
    assert!(!prices.cache.is_connected());
}

#[tokio::test]
async fn nor_a_load_of_many() {
    let cache = cache();
    let keys = [Key::from("one"), Key::from("two")];
    let load = async |missing: Vec<Key>| {
        let mut loaded = HashMap::new();
        for key in missing {
            let value = cache.get_or_load(&key, &policy(), async || Ok::<_, String>(1_u64)).await?;
            loaded.insert(key, value);
        }
        Ok::<_, String>(loaded)
    };
    assert_eq!(soon(cache.get_or_load_many(&keys, &policy(), load)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_update_of_the_key_that_is_loaded_is_refused_at_once() {
    let cache = cache();
    let load = async || {
        let updated = cache.update("number", &policy(), |old: Option<u64>| old.unwrap_or_default() + 1).await;
        Ok::<_, String>(updated.expect_err("the load holds the lease").kind())
    };
    let kind = soon(cache.get_or_load("number", &policy(), async || {
        let kind = load().await?;
        Ok::<_, String>(u64::from(kind == ErrorKind::Contended))
    }))
    .await;
    assert_eq!(kind, Ok(1));
}

#[tokio::test]
async fn calls_of_one_key_side_by_side_in_one_task_load_once() {
    let prices = Prices { cache: cache() };
    let (one, other) = soon(async { tokio::join!(prices.raw(3), prices.raw(3)) }).await;
    assert_eq!((one.unwrap(), other.unwrap()), (3, 3));
    assert_eq!(prices.cache.stats().total.loads, 1);
}

#[tokio::test]
async fn one_key_in_two_stores_is_cached_in_both() {
    let (near, far) = (cache(), cache());
    let load_far = async || {
        let value = far.get_or_load("number", &policy(), async || Ok::<_, String>(7_u64)).await?;
        Ok::<_, String>(value)
    };
    assert_eq!(soon(near.get_or_load("number", &policy(), load_far)).await, Ok(7));
    for cache in [&near, &far] {
        assert_eq!(cache.get::<u64>("number").await.unwrap(), Some(7));
    }
}
