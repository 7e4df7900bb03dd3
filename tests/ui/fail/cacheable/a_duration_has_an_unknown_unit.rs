use jollycache::cacheable;

#[cacheable(ttl = "30min")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
