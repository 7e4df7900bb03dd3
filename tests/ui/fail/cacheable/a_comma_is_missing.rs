use jollycache::cacheable;

#[cacheable(key = "product:{id}" ttl = "30m")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
