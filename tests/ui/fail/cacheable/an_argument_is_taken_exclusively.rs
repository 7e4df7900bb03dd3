use jollycache::cacheable;

#[cacheable(skip(log))]
async fn find(id: u64, log: &mut Vec<u64>) -> u64 {
    log.push(id);
    id
}

fn main() {}
