//! Each option in each of its forms.

use std::time::Duration;

use jollycache::{Cache, cache_evict, cache_put, cacheable};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn is_empty(text: &String) -> bool {
    text.is_empty()
}

struct Service {
    cache: Option<Cache>,
    ttl: Duration,
}

impl Service {
    #[cacheable(
        cache = "every.option:1",
        key = "{{literal}}:{id}:{name | hash}:{self.ttl.as_secs()}",
        ttl = "1h30m",
        jitter = "12.5%",
        stale = "10m",
        none_ttl = "30s",
        tags = ["products", "id:{id}", "name:{name.len()}"],
        single_flight = "local",
        condition = id > 0 && !name.is_empty(),
        unless = |ret| ret.is_empty(),
        on_error = "bypass",
        timeout = "250ms",
        schema = 2,
        skip(trace),
    )]
    async fn literals(&self, id: u32, name: &str, trace: u8) -> Option<String> {
        let _ = trace;
        (id > 1).then(|| name.to_owned())
    }

    #[cacheable(
        key = "expressions:{id}",
        ttl = self.ttl * 2,
        stale = seconds(1),
        none_ttl = seconds(2),
        timeout = Duration::from_millis(u64::from(id)),
        unless = is_empty,
        single_flight = "off"
    )]
    async fn expressions(&self, id: u32) -> Result<Option<String>, String> {
        Ok(Some(id.to_string()))
    }

    #[cacheable(key = "closure:{id}", ttl = |value: &String| seconds(value.len() as u64 + 1), single_flight = "cluster")]
    async fn ttl_from_the_value(&self, id: u32) -> String {
        id.to_string()
    }

    #[cache_put(
        cache = "every",
        key = "put:{ret.len()}:{name | hash}",
        ttl = |value| seconds(value.len() as u64),
        jitter = "0%",
        stale = "1m",
        tags = ["put:{ret | hash}", "put:{name}"],
        condition = name.len() > 2,
        unless = |ret| ret.is_empty(),
        on_error = "bypass",
        timeout = "50ms",
        schema = 0
    )]
    async fn put(&mut self, name: String) -> Result<String, String> {
        self.ttl += seconds(1);
        Ok(name)
    }

    #[cache_evict(cache = "every", all, when = "before", condition = true)]
    async fn evict_all(&self) {}

    #[cache_evict(
        key = "product:{id}",
        tags = ["products", "category:{ret.1}:{id}"],
        pattern = "products:{ret.1}:*:{id}?",
        when = "after",
        unless = |ret| ret.0 == 0,
        timeout = seconds(1)
    )]
    async fn evict(&self, id: u32) -> (u32, String) {
        (id, String::new())
    }
}

#[cacheable(key = "with:{id}", with = service.cache.as_ref().expect("a cache"), skip(service))]
async fn with_a_cache(service: &Service, id: u32) -> u32 {
    let _ = &service.cache;
    id
}

#[tokio::main]
async fn main() {
    let mut service = Service {
        cache: None,
        ttl: seconds(1),
    };
    assert_eq!(service.literals(2, "n", 0).await.unwrap(), "n");
    assert_eq!(service.expressions(3).await.unwrap().unwrap(), "3");
    assert_eq!(service.ttl_from_the_value(4).await, "4");
    assert_eq!(service.put("name".to_owned()).await.unwrap(), "name");
    service.evict_all().await;
    assert_eq!(service.evict(5).await.0, 5);
    let _ = with_a_cache;
}
