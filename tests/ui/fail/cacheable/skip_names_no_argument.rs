use jollycache::cacheable;

#[cacheable(key = "orders:{user}", skip(trace))]
async fn orders(user: u64, trace_id: u32) -> u64 {
    user + u64::from(trace_id)
}

fn main() {}
