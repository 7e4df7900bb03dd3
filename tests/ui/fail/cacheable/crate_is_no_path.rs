use jollycache::cacheable;

#[cacheable(crate = "jolly")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
