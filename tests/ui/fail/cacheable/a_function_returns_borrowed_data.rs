use jollycache::cacheable;

#[cacheable]
async fn find(name: &str) -> &str {
    name
}

#[cacheable]
async fn inside(name: &str) -> Result<Option<&'static str>, String> {
    Err(name.to_owned())
}

fn main() {}
