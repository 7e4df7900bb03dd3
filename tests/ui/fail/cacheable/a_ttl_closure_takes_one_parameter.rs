use jollycache::cacheable;

#[cacheable(ttl = || std::time::Duration::MAX)]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
