use jollycache::cacheable;

#[cacheable(key = "orders:{user}")]
async fn orders(user: u64, (page, size): (u32, u32)) -> Vec<u32> {
    vec![page, size]
}

fn main() {}
