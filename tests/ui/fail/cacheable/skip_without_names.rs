use jollycache::cacheable;

#[cacheable(key = "orders:{user}", skip)]
async fn orders(user: u64) -> u64 {
    user
}

#[cacheable(key = "orders:{user}", skip())]
async fn more_orders(user: u64) -> u64 {
    user
}

#[cacheable(key = "orders", skip = user)]
async fn most_orders(user: u64) -> u64 {
    user
}

#[cacheable(key = "orders", skip("user"))]
async fn all_orders(user: u64) -> u64 {
    user
}

fn main() {}
