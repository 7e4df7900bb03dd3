use jollycache::cacheable;

#[cacheable]
const fn constant(id: u64) -> u64 {
    id
}

#[cacheable]
async unsafe fn not_safe(id: u64) -> u64 {
    id
}

#[cacheable]
async extern "C" fn foreign(id: u64) -> u64 {
    id
}

fn main() {}
