use jollycache::KeyPart;

#[derive(KeyPart)]
#[key(rename = "x")]
struct Query {
    page: u32,
}

fn main() {}
