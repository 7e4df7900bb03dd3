use jollycache::cacheable;

#[cacheable]
fn find(id: u64) -> impl Future<Output = u64> {
    async move { id }
}

fn main() {}
