use jollycache::{cache_config, cacheable};

struct Store;

#[cache_config(ttl = "30", jitter = "x")]
impl Store {
    #[cacheable(key = "product:{id}")]
    async fn find(&self, id: u64) -> u64 {
        id
    }

    #[cacheable(key = "price:{id}")]
    async fn price(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
