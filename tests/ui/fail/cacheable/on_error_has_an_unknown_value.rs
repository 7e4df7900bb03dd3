use jollycache::cacheable;

#[cacheable(on_error = "ignore")]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
