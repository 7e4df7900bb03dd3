use jollycache::cacheable;

#[cacheable(schema = 65536)]
async fn find(id: u64) -> u64 {
    id
}

#[cacheable(schema = "2")]
async fn more(id: u64) -> u64 {
    id
}

fn main() {}
