use jollycache::cache_evict;

#[cache_evict(key = "product:{id}", ttl = "30m")]
async fn delete(id: u64) {
    drop(id);
}

fn main() {}
