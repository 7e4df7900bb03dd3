use jollycache::cacheable;

trait Currency {
    fn code() -> &'static str;
}

#[cacheable(key = "price:{C.code()}:{id}")]
async fn price<C: Currency>(id: u64) -> u64 {
    id
}

fn main() {}
