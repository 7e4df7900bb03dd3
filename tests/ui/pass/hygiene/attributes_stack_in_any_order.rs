//! Beside one another, and beside those of others.

use jollycache::{cache_evict, cache_put, cacheable};
use tracing::instrument;

#[instrument]
#[cacheable(key = "a:{id}")]
async fn instrument_first(id: u32) -> Result<u32, String> {
    Ok(id)
}

#[cacheable(key = "b:{id}")]
#[instrument(err, ret, skip_all, fields(id))]
async fn instrument_last(id: u32) -> Result<u32, String> {
    Ok(id)
}

#[cache_put(key = "c:{ret}:{name}")]
#[instrument]
#[cache_evict(tags = ["x:{name}"])]
#[cache_evict(key = "y:{ret}")]
async fn put_first(name: String) -> u32 {
    name.len() as u32
}

#[cache_evict(key = "y:{ret}")]
#[cache_evict(tags = ["x:{name}"])]
#[instrument]
#[cache_put(key = "c:{ret}:{name}")]
async fn put_last(name: String) -> u32 {
    name.len() as u32
}

#[cache_evict(tags = ["x"])]
#[cacheable(key = "z:{id}")]
async fn read_and_evict(id: u32) -> u32 {
    id
}

#[tokio::main]
async fn main() {
    assert_eq!(instrument_first(1).await, Ok(1));
    assert_eq!(instrument_last(2).await, Ok(2));
    assert_eq!(put_first("abc".to_owned()).await, 3);
    assert_eq!(put_last("abcd".to_owned()).await, 4);
    assert_eq!(read_and_evict(5).await, 5);
}
