use jollycache::cacheable;

#[cacheable(unless = ret.is_empty())]
async fn find(id: u64) -> String {
    id.to_string()
}

fn main() {}
