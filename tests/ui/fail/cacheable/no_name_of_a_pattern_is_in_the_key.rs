use jollycache::cacheable;

#[cacheable(key = "orders:{user}")]
async fn orders(user: u32, (page, size): (u32, u32)) -> Vec<u32> {
    vec![user, page, size]
}

fn main() {}
