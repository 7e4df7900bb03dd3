use jollycache::cacheable;

#[cacheable(tags = "products")]
async fn find(id: u64) -> u64 {
    id
}

#[cacheable(tags = [])]
async fn more(id: u64) -> u64 {
    id
}

#[cacheable(tags = ["products", id])]
async fn most(id: u64) -> u64 {
    id
}

fn main() {}
