use jollycache::cacheable;

#[cacheable(ttl = "0s")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
