use jollycache::cacheable;

#[cacheable(stale = "1h 30m")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
