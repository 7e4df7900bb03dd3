use jollycache::cache_evict;

#[cache_evict]
async fn delete(id: u64) {
    drop(id);
}

#[cache_evict(cache = "product", when = "before")]
async fn delete_too(id: u64) {
    drop(id);
}

fn main() {}
