//! `condition`, `unless`, and what is returned: when the cache takes part, and when nothing is made for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jollycache::{Cache, MemoryBackend, Pattern, Policy, cache_evict, cache_put, cacheable, scope};

fn cache() -> Cache {
    Cache::builder().namespace("conditions").backend(MemoryBackend::new()).build().unwrap()
}

async fn keys(cache: &Cache) -> Vec<String> {
    let mut keys = cache.keys(Pattern::all(), 100).await.unwrap();
    keys.sort();
    keys
}

#[cacheable(
    key = "me:{user.unwrap()}",
    tags = ["user:{user.unwrap()}"],
    ttl = Duration::from_secs(user.unwrap()),
    stale = Duration::from_secs(user.unwrap()),
    timeout = Duration::from_secs(user.unwrap()),
    with = caches.unwrap(),
    condition = user.is_some(),
    skip(caches)
)]
async fn read(user: Option<u64>, caches: Option<&Cache>) -> u64 {
    user.unwrap_or_default() + u64::from(caches.is_none())
}

#[cacheable(condition = user.is_some(), none_ttl = Duration::from_secs(user.unwrap()))]
async fn read_by_default_key(user: Option<u64>) -> Option<u64> {
    user
}

#[cache_put(
    key = "me:{user.unwrap()}:{ret}",
    tags = ["user:{user.unwrap()}", "user:{user.unwrap()}:{ret}"],
    ttl = Duration::from_secs(user.unwrap()),
    condition = user.is_some()
)]
async fn put(user: Option<u64>) -> u64 {
    user.unwrap_or_default()
}

#[cache_evict(
    key = "me:{user.unwrap()}:{ret}",
    tags = ["user:{user.unwrap()}"],
    pattern = "me:{user.unwrap()}:*",
    grace = Duration::from_secs(user.unwrap()),
    condition = user.is_some()
)]
async fn evict(user: Option<u64>) -> u64 {
    user.unwrap_or_default()
}

#[tokio::test]
async fn nothing_is_made_from_the_arguments_of_a_call_that_the_condition_keeps_out() {
    let cache = cache();
    scope(cache.clone(), async {
        assert_eq!(read(None, None).await, 1);
        assert_eq!(read_by_default_key(None).await, None);
        assert_eq!(put(None).await, 0);
        assert_eq!(evict(None).await, 0);
        assert!(keys(&cache).await.is_empty());
        assert_eq!(read(Some(7), Some(&cache)).await, 7);
        assert_eq!(put(Some(8)).await, 8);
        assert_eq!(keys(&cache).await, ["me:7", "me:8:8"]);
    })
    .await;
}

#[cache_put(
    key = "page:{ret.unwrap()}",
    tags = ["pages:{ret.unwrap()}"],
    unless = Result::is_err,
    version = ret.unwrap(),
    ttl = |page| Duration::from_secs(page.unwrap())
)]
async fn publish(number: u64) -> Result<Result<u64, u64>, u64> {
    Ok(if number > 0 { Ok(number) } else { Err(number) })
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Page {
    number: Option<u64>,
}

#[cache_put(
    key = "draft:{ret.number.unwrap_or_default()}",
    tags = ["drafts:{ret.number.unwrap()}"],
    unless = |page| page.number.is_none(),
    version = ret.number.unwrap(),
    ttl = |page| Duration::from_secs(60 + page.number.unwrap())
)]
async fn save(number: Option<u64>) -> Page {
    Page { number }
}

#[cache_put(key = "named:{name}", tags = ["drafts:{ret.number.unwrap()}"], unless = |page| page.number.is_none())]
async fn save_by_name(name: &str, number: Option<u64>) -> Page {
    drop(name.to_owned());
    Page { number }
}

#[cache_evict(key = "draft:{ret.number.unwrap()}", unless = |page| page.number.is_none())]
async fn discard(number: Option<u64>) -> Page {
    Page { number }
}

#[tokio::test]
async fn neither_tags_nor_lifetimes_are_made_from_a_value_that_unless_refuses() {
    let cache = cache();
    scope(cache.clone(), async {
        assert_eq!(publish(0).await, Ok(Err(0)));
        assert_eq!(save(None).await.number, None);
        assert!(keys(&cache).await.is_empty());
        assert_eq!(publish(1).await, Ok(Ok(1)));
        assert_eq!(save(Some(2)).await.number, Some(2));
        assert_eq!(keys(&cache).await, ["draft:2", "page:1"]);
        assert_eq!(discard(None).await.number, None);
        assert!(cache.get::<Page>("draft:2").await.unwrap().is_some());
        assert_eq!(discard(Some(2)).await.number, Some(2));
        assert!(cache.get::<Page>("draft:2").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn what_unless_refuses_evicts_its_key() {
    let cache = cache();
    scope(cache.clone(), async {
        save_by_name("tea", Some(1)).await;
        assert_eq!(cache.get::<Page>("named:tea").await.unwrap(), Some(Page { number: Some(1) }));
        save_by_name("tea", None).await;
        assert_eq!(cache.get::<Page>("named:tea").await.unwrap(), None, "it is of before the write");
        save(Some(0)).await;
        assert!(cache.get::<Page>("draft:0").await.unwrap().is_some());
        save(None).await;
        assert_eq!(cache.get::<Page>("draft:0").await.unwrap(), None, "it is of before the write");
    })
    .await;
}

type Answer<T> = Result<T, String>;
type Maybe<T> = Option<T>;

static LOADS: AtomicU64 = AtomicU64::new(0);

fn load() -> u64 {
    LOADS.fetch_add(1, Ordering::SeqCst)
}

#[cacheable(key = "ok-err")]
async fn err_in_ok() -> Answer<Answer<u64>> {
    Ok(Err(load().to_string()))
}

#[cacheable(key = "some-err")]
async fn err_in_some() -> Maybe<Answer<u64>> {
    Some(Err(load().to_string()))
}

#[cacheable(key = "ok-some-err")]
async fn err_in_ok_some() -> Answer<Maybe<Answer<u64>>> {
    Ok(Some(Err(load().to_string())))
}

#[cacheable(key = "ok-ok")]
async fn ok_in_ok() -> Answer<Answer<u64>> {
    Ok(Ok(load()))
}

#[cacheable(key = "some-ok")]
async fn ok_in_some() -> Maybe<Answer<u64>> {
    Some(Ok(load()))
}

#[cacheable(key = "ok-some-ok", none_ttl = "1m")]
async fn ok_in_ok_some() -> Answer<Maybe<Answer<u64>>> {
    Ok(Some(Ok(load())))
}

#[tokio::test]
async fn an_err_inside_of_ok_or_some_is_not_stored() {
    let cache = cache();
    scope(cache.clone(), async {
        assert_ne!(err_in_ok().await, err_in_ok().await);
        assert_ne!(err_in_some().await, err_in_some().await);
        assert_ne!(err_in_ok_some().await, err_in_ok_some().await);
        assert!(keys(&cache).await.is_empty());
        assert_eq!(ok_in_ok().await, ok_in_ok().await);
        assert_eq!(ok_in_some().await, ok_in_some().await);
        assert_eq!(ok_in_ok_some().await, ok_in_ok_some().await);
        assert_eq!(keys(&cache).await, ["ok-ok", "ok-some-ok", "some-ok"]);
    })
    .await;
}

#[cache_put(key = "rate:{id}")]
async fn put_rate(id: u64, rate: Answer<u64>) -> Answer<Answer<u64>> {
    drop(id.to_string());
    Ok(rate)
}

#[cache_evict(key = "rate:{id}")]
async fn evict_rate(id: u64) -> Answer<Answer<u64>> {
    Ok(Err(id.to_string()))
}

#[tokio::test]
async fn a_write_that_returns_an_err_inside_of_ok_stores_nothing_and_evicts() {
    let cache = cache();
    scope(cache.clone(), async {
        put_rate(1, Ok(5)).await.unwrap().unwrap();
        assert_eq!(keys(&cache).await, ["rate:1"]);
        assert!(put_rate(1, Err("none".to_owned())).await.unwrap().is_err());
        assert!(keys(&cache).await.is_empty(), "the source may have been written");
        put_rate(1, Ok(6)).await.unwrap().unwrap();
        assert!(evict_rate(1).await.unwrap().is_err());
        assert!(keys(&cache).await.is_empty(), "the source may have been written");
    })
    .await;
}

#[tokio::test]
async fn a_stale_value_is_served_instead_of_an_err_inside_of_ok() {
    #[cacheable(key = "rates", stale = "1m", skip(rate))]
    async fn rates(rate: Answer<u64>) -> Answer<Answer<u64>> {
        Ok(rate)
    }

    let cache = cache();
    let past = Policy::new().ttl(Duration::from_millis(1)).stale(Duration::from_mins(1));
    let stored: Answer<u64> = Ok(5);
    cache.put("rates", &stored, &past).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(scope(cache, rates(Err("down".to_owned()))).await, Ok(Ok(5)));
}
