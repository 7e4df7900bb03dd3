use jollycache::cacheable;

trait Repository {
    #[cacheable]
    async fn find(&self, id: u64) -> u64;
}

fn main() {}
