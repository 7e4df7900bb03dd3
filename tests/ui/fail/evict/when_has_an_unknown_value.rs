use jollycache::cache_evict;

#[cache_evict(key = "product:{id}", when = "befor")]
async fn delete(id: u64) {
    drop(id);
}

fn main() {}
