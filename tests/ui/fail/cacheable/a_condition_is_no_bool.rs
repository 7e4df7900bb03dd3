use jollycache::cacheable;

#[cacheable(condition = id)]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
