use jollycache::cache_config;

#[cache_config(cache = "product")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
