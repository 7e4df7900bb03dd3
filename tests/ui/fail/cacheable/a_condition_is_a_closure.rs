use jollycache::cacheable;

#[cacheable(condition = |id| id > 0)]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
