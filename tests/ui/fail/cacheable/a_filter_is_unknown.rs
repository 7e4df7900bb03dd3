use jollycache::cacheable;

#[cacheable(key = "product:{id | hex}", skip(id))]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
