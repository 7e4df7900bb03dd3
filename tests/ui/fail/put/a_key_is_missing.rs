use jollycache::cache_put;

#[cache_put(ttl = "30m")]
async fn create(name: String) -> String {
    name
}

fn main() {}
