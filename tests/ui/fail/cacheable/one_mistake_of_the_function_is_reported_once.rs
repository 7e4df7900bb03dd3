use jollycache::{cache_evict, cacheable};

#[cacheable(key = "product:{id}")]
#[cache_evict(tags = ["products"])]
fn find(id: u64) -> u64 {
    id
}

fn main() {}
