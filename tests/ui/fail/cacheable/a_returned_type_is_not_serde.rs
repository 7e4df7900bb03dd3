use jollycache::cacheable;

struct Product;

#[cacheable]
async fn find(id: u64) -> Option<Product> {
    (id > 0).then_some(Product)
}

fn main() {}
