//! `crate = path`, on each attribute, where no other path to the crate would do.

mod deeply {
    pub mod hidden {
        pub use ::jollycache as jolly;
    }
}

use deeply::hidden::jolly::{KeyPart, cache_config, cache_evict, cache_put, cacheable};

#[cacheable(crate = crate::deeply::hidden::jolly, key = "a:{id}", none_ttl = "1s")]
async fn find(id: Id) -> Option<u8> {
    Some(id.0)
}

#[cache_put(crate = crate::deeply::hidden::jolly, key = "a:{ret}")]
#[cache_evict(crate = deeply::hidden::jolly, tags = ["a"])]
async fn write() -> u8 {
    1
}

#[derive(KeyPart)]
#[key(crate = crate::deeply::hidden::jolly)]
struct Id(u8);

struct S;

#[cache_config(crate = crate::deeply::hidden::jolly, cache = "s")]
impl S {
    #[cacheable(key = "s:{id}")]
    async fn method(&self, id: u8) -> u8 {
        id
    }
}

#[tokio::main]
async fn main() {
    assert_eq!(find(Id(2)).await, Some(2));
    assert_eq!(write().await, 1);
    assert_eq!(S.method(3).await, 3);
}
