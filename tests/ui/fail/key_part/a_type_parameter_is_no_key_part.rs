use jollycache::KeyPart;

#[derive(KeyPart)]
struct Page<T> {
    of: T,
}

fn needs<T: KeyPart>(_: T) {}

fn caller() {
    needs(Page { of: 1.5 });
}

fn main() {}
