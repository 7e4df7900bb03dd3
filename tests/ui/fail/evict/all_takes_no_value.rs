use jollycache::cache_evict;

#[cache_evict(cache = "product", all = true)]
async fn clear() {}

fn main() {}
