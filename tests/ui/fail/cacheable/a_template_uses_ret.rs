use jollycache::cacheable;

#[cacheable(key = "product:{ret.id}", skip(id))]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
