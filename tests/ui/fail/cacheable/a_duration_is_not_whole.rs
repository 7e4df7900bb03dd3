use jollycache::cacheable;

#[cacheable(ttl = "1.5h")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
