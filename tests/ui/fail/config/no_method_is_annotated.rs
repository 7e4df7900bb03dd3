use jollycache::cache_config;

struct Store;

#[cache_config(cache = "product")]
impl Store {
    async fn find(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
