use jollycache::cacheable;

#[cacheable(cache = "a b", key = "product:{idd}:{page", ttl = "30", jitter = "10", tugs = ["products"], unless = true)]
async fn find(id: u64, page: u32) -> u64 {
    id + u64::from(page)
}

fn main() {}
