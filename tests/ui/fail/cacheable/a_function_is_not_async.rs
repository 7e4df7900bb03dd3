use jollycache::cacheable;

#[cacheable]
fn find(id: u64) -> u64 {
    id
}

fn caller() -> u64 {
    find(1)
}

fn main() {}
