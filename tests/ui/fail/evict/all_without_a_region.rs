use jollycache::cache_evict;

#[cache_evict(all)]
async fn clear() {}

fn main() {}
