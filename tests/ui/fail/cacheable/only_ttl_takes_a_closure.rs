use jollycache::cacheable;

#[cacheable(stale = |value| value.lifetime())]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
