use jollycache::cacheable;

#[cacheable(ttl = "99999999999999d")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
