//! One name is evicted by one template, whatever it is made of; a list needs a type of its own.

use std::fmt::Display;
use std::sync::Arc;

use jollycache::{KeyPart, cache_evict};

#[derive(KeyPart)]
struct Query {
    page: u32,
    categories: Vec<String>,
}

/// The entry of `#[cacheable(key = "batch:{ids}")]`.
#[derive(KeyPart)]
struct Batch<'a>(&'a [u64]);

struct Id(u64);

impl KeyPart for Id {
    fn write_key(&self, out: &mut jollycache::KeyWriter<'_>) {
        out.text(&self.0.to_string());
    }
}

#[cache_evict(key = "q:{query}", tags = ["q:{query.page}", "q:{query.categories[0]}"], pattern = "q:{query}:*")]
async fn a_struct(query: &Query) -> u32 {
    query.page
}

#[cache_evict(key = "pair:{pair}:{maybe}:{text}", tags = ["{pair.0}:{text.trim()}:{shared}", "of:{ret}:{pair}"])]
async fn conveniences(pair: (u64, bool), maybe: Option<&str>, text: &str, shared: Arc<str>) -> Option<u64> {
    maybe.map(|maybe| maybe.len() as u64 + pair.0 + text.len() as u64 + shared.len() as u64)
}

#[cache_evict(key = "batch:{batch}")]
async fn a_whole_list(batch: Batch<'_>) -> usize {
    batch.0.len()
}

#[cache_evict(key = "generic:{id}", tags = ["{T}:{N}:{ret}"])]
async fn generic<T: KeyPart + Display + Send, const N: usize>(id: T) -> String {
    format!("{id}{N}")
}

#[cache_evict(key = "own:{id}:{hashed | hash}")]
async fn a_key_part_of_its_own(id: Id, hashed: &str) -> usize {
    hashed.len() + usize::try_from(id.0).unwrap_or_default()
}

#[tokio::main]
async fn main() {
    let query = Query { page: 1, categories: vec!["tea".to_owned()] };
    assert_eq!(a_struct(&query).await, 1);
    assert_eq!(conveniences((1, true), Some("a"), "b", "c".into()).await, Some(4));
    assert_eq!(a_whole_list(Batch(&[1, 2])).await, 2);
    assert_eq!(generic::<_, 3>(1).await, "13");
    assert_eq!(a_key_part_of_its_own(Id(1), "x").await, 2);
}
