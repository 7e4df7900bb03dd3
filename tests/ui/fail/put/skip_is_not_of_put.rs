use jollycache::cache_put;

#[cache_put(key = "product:{ret}", skip(id), none_ttl = "30s", single_flight = "off")]
async fn create(id: u64) -> u64 {
    id
}

fn main() {}
