use jollycache::cacheable;

#[cacheable(timeout = "")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
