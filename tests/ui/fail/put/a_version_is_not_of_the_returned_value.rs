use jollycache::cache_put;

#[cache_put(key = "product:{id}", version = id)]
async fn store(id: u64) -> u64 {
    id
}

fn main() {}
