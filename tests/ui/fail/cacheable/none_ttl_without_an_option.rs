use jollycache::cacheable;

#[cacheable(none_ttl = "30s")]
async fn plain(id: u64) -> u64 {
    id
}

#[cacheable(none_ttl = std::time::Duration::MAX)]
async fn result(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
