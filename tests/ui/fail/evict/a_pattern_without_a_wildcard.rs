use jollycache::cache_evict;

#[cache_evict(pattern = "products:{id}")]
async fn delete(id: u64) {
    drop(id);
}

fn main() {}
