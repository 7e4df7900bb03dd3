use jollycache::{cache_config, cacheable};

struct Store;

#[cache_config(key = "product:{id}", tags = ["products"])]
impl Store {
    #[cacheable(key = "product:{id}")]
    async fn find(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
