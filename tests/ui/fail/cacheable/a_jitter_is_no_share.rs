use jollycache::cacheable;

#[cacheable(jitter = "10")]
async fn find(id: u64) -> u64 {
    id
}

#[cacheable(jitter = "101%")]
async fn more(id: u64) -> u64 {
    id
}

#[cacheable(jitter = 0.1)]
async fn most(id: u64) -> u64 {
    id
}

fn main() {}
