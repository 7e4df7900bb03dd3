use jollycache::cacheable;

#[cacheable(key = "product:{id}", consistency = "strickt")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
