use jollycache::cacheable;

#[cacheable(key = "top:{category}")]
async fn top<const N: usize, const WITH_DRAFTS: bool>(category: u64) -> Vec<u64> {
    vec![category; N]
}

fn main() {}
