use jollycache::cacheable;

#[cacheable(skip(trace))]
async fn orders() -> u64 {
    1
}

fn main() {}
