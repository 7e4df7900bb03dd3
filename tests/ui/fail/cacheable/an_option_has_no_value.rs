use jollycache::cacheable;

#[cacheable(key, ttl = , cache("product"))]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
