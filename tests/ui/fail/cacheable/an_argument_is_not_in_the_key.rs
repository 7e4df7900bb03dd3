use jollycache::cacheable;

#[cacheable(key = "orders:{user}")]
async fn orders(user: u64, page: u32) -> Vec<u64> {
    vec![user, u64::from(page)]
}

fn main() {}
