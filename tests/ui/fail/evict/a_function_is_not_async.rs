use jollycache::cache_evict;

#[cache_evict(tags = ["products"])]
fn delete(id: u64) {
    drop(id);
}

fn main() {}
