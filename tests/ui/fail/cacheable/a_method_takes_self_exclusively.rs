use jollycache::cacheable;

struct Store;

impl Store {
    #[cacheable(key = "product:{id}")]
    async fn short(&mut self, id: u64) -> u64 {
        id
    }

    #[cacheable(key = "product:{id}")]
    async fn long(self: &mut Self, id: u64) -> u64 {
        id
    }
}

fn main() {}
