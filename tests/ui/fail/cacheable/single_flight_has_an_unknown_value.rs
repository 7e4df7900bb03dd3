use jollycache::cacheable;

#[cacheable(single_flight = "clustr")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
