use jollycache::cache_evict;

#[cache_evict(key = "products:*")]
async fn delete() {}

fn main() {}
