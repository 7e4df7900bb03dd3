use jollycache::KeyPart;

#[derive(KeyPart)]
struct Query {
    #[key(skip)]
    page: u32,
}

#[derive(KeyPart)]
enum Kind {
    #[key(skip)]
    A,
}

fn main() {}
