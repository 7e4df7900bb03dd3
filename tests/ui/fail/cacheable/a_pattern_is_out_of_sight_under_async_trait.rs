use jollycache::cacheable;

struct Store;

#[async_trait::async_trait]
trait Repository {
    async fn find(&self, pair: (u32, u32)) -> u32;
}

#[async_trait::async_trait]
impl Repository for Store {
    #[cacheable(key = "pair:{a}:{b}")]
    async fn find(&self, (a, b): (u32, u32)) -> u32 {
        a + b
    }
}

fn main() {}
