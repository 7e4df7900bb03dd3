use jollycache::cacheable;

struct Query;

#[cacheable(key = "products:{query}")]
async fn by_template(query: Query) -> u64 {
    drop(query);
    1
}

#[cacheable]
async fn by_default(ratio: f64) -> u64 {
    ratio as u64
}

fn main() {}
