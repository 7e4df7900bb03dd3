use jollycache::cacheable;

#[cacheable(ttl = "30m")]
struct Product;

fn main() {}
