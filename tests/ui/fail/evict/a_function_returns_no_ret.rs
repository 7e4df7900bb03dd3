use jollycache::cache_evict;

#[cache_evict(key = "product:{ret.id}")]
async fn delete(id: u64) {
    drop(id);
}

fn main() {}
