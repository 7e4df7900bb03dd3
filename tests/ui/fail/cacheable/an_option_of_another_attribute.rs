use jollycache::cacheable;

#[cacheable(pattern = "product:*")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
