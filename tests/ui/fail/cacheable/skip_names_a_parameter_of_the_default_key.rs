use jollycache::cacheable;

#[cacheable(skip(C, N))]
async fn price<C, const N: usize>(id: u64) -> u64 {
    id
}

#[cacheable(key = "price:{C}:{id}", skip(C))]
async fn by_a_template<C>(id: u64) -> u64 {
    id
}

fn main() {}
