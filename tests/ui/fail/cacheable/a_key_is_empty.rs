use jollycache::cacheable;

#[cacheable(key = "")]
async fn find() -> u64 {
    1
}

fn main() {}
