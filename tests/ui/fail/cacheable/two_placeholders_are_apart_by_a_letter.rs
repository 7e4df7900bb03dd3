use jollycache::cacheable;

#[cacheable(key = "product:{id}p{page}")]
async fn find(id: u64, page: u64) -> u64 {
    id + page
}

fn main() {}
