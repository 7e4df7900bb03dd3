use jollycache::KeyPart;

#[derive(KeyPart)]
struct Query {
    page: u32,
    ratio: f64,
}

#[derive(KeyPart)]
struct Ratio(f32);

#[derive(KeyPart)]
enum Kind {
    Ratio(f64),
}

fn main() {}
