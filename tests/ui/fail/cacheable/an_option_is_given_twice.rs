use jollycache::cacheable;

#[cacheable(ttl = "30m", key = "product:{id}", ttl = "1h")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
