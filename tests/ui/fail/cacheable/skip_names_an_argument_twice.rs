use jollycache::cacheable;

#[cacheable(key = "orders", skip(user, user))]
async fn orders(user: u64) -> u64 {
    user
}

fn main() {}
