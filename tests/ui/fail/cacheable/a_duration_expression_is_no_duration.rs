use jollycache::cacheable;

#[cacheable(ttl = minutes)]
async fn find(minutes: u64) -> u64 {
    minutes
}

fn main() {}
