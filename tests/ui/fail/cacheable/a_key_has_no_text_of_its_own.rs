use jollycache::cacheable;

#[cacheable(key = "{id}")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
