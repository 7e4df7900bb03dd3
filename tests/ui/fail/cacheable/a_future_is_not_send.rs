use jollycache::cacheable;

#[cacheable]
async fn find(id: u64) -> u64 {
    let local = std::rc::Rc::new(id);
    tokio::task::yield_now().await;
    *local
}

fn main() {}
