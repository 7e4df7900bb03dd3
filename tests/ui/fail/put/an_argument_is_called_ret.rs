use jollycache::cache_put;

#[cache_put(key = "product:{ret}")]
async fn create(ret: u64) -> u64 {
    ret
}

fn main() {}
