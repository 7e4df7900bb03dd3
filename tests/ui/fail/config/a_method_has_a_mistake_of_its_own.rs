use jollycache::{cache_config, cacheable};

struct Store;

#[cache_config(ttl = "30m")]
impl Store {
    #[cacheable(key = "product", tll = "1m")]
    async fn find(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
