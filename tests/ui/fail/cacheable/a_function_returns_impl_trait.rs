use jollycache::cacheable;

#[cacheable]
async fn find(id: u64) -> impl Iterator<Item = u64> {
    0..id
}

fn main() {}
