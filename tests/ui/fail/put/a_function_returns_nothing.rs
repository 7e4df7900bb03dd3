use jollycache::cache_put;

#[cache_put(key = "product:{id}")]
async fn create(id: u64) {
    drop(id);
}

fn main() {}
