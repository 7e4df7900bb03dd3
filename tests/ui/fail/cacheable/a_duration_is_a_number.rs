use jollycache::cacheable;

#[cacheable(ttl = 30)]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
