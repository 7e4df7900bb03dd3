use jollycache::cache_evict;

#[cache_evict(key = "product:{ret}", tags = ["a:{ret}"], when = "before", unless = |ret| *ret == 0)]
async fn delete(id: u64) -> u64 {
    id
}

fn main() {}
