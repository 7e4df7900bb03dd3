use jollycache::cache_put;

#[cache_put(key = "product:{ret.unwrap()}")]
async fn create(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
