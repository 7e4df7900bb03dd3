use jollycache::cacheable;

struct Store;

#[async_trait::async_trait]
trait Repository {
    async fn find(&self, pair: (u32, u32)) -> u32;
}

#[async_trait::async_trait]
impl Repository for Store {
    #[cacheable(key = "pair:{a}")]
    async fn find(&self, (a, b): (u32, u32)) -> u32 {
        a + b
    }
}

#[async_trait::async_trait]
trait Provided: Sync {
    #[cacheable(key = "provided:{id}")]
    async fn provided(&self, id: u32, (a, b): (u32, u32)) -> u32 {
        id + a + b
    }
}

fn main() {}
