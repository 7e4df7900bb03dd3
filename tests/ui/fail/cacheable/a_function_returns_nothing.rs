use jollycache::cacheable;

#[cacheable]
async fn nothing(id: u64) {
    drop(id);
}

#[cacheable]
async fn unit(id: u64) -> () {
    drop(id);
}

fn main() {}
