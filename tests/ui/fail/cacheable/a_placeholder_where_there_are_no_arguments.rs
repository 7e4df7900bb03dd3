use jollycache::cacheable;

#[cacheable(key = "product:{id}")]
async fn find() -> u64 {
    1
}

fn main() {}
