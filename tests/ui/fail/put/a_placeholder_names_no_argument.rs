use jollycache::cache_put;

#[cache_put(key = "product:{result.id}")]
async fn create(id: u64) -> u64 {
    id
}

fn main() {}
