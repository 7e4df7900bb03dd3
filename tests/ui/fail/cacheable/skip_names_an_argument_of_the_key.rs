use jollycache::cacheable;

#[cacheable(key = "orders:{user}", skip(user))]
async fn orders(user: u64) -> u64 {
    user
}

fn main() {}
