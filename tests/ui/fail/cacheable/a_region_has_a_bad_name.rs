use jollycache::cacheable;

#[cacheable(cache = "my products")]
async fn find(id: u64) -> u64 {
    id
}

#[cacheable(cache = "")]
async fn more(id: u64) -> u64 {
    id
}

fn main() {}
