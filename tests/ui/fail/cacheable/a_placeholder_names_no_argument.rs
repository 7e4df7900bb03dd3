use jollycache::cacheable;

#[cacheable(key = "product:{idd}", skip(id, name))]
async fn find(id: u64, name: &str) -> u64 {
    id + name.len() as u64
}

fn main() {}
