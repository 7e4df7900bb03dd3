use jollycache::{cache_evict, cache_put, cacheable};
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Product { id: u64, name: String }

#[derive(Debug, Clone)]
struct DbError;

type Found = Result<Option<Product>, DbError>;

#[cacheable(cache = "product", key = "product:{id}", ttl = "30m", none_ttl = "30s")]
async fn find(id: u64) -> Found {
    if id == 0 { return Ok(None); }
    let name = std::str::from_utf8(b"x").map_err(|_| DbError)?.to_owned();
    Ok(Some(Product { id, name }))
}

#[cacheable]
async fn boxed(mut n: u32, s: &str) -> String {
    if n == 0 { return "a".into(); }
    n += 1;
    format!("{n}{s}").into()
}

#[cache_put(key = "product:{ret.id}", tags = ["category:{name}", "p:{ret.id}:{name}"], ttl = |p| Duration::from_secs(p.id))]
#[cache_evict(tags = ["products"])]
async fn create(name: String) -> Result<Product, DbError> {
    Ok(Product { id: 1, name })
}

#[cache_evict(key = "product:{id}", tags = ["products"], pattern = "products:wishlist:*", unless = |ret| *ret)]
async fn delete(id: u64) -> Result<bool, DbError> { Ok(id > 0) }

#[tokio::main]
async fn main() {
    assert_eq!(find(0).await.unwrap(), None);
    assert_eq!(find(7).await.unwrap().unwrap().id, 7);
    assert_eq!(&*boxed(1, "b").await, "2b");
    assert_eq!(create("n".into()).await.unwrap().name, "n");
    assert!(delete(1).await.unwrap());
}
