use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use jollycache::cache_evict;

type Ids = Vec<u64>;

#[cache_evict(tags = ["products", "product:{ids}"])]
async fn a_vec_in_a_tag(ids: Vec<u64>) {}

#[cache_evict(key = "a:{ids}")]
async fn a_slice_in_a_key(ids: &[u64]) {}

#[cache_evict(key = "a:{ids}", when = "before")]
async fn an_array(ids: [u64; 2]) {}

#[cache_evict(pattern = "a:{ids}:*")]
async fn an_alias_in_a_pattern(ids: &Ids) {}

#[cache_evict(key = "a:{ids | hash}")]
async fn a_hash_of_a_set(ids: BTreeSet<u64>) {}

#[cache_evict(key = "a:{ids}")]
async fn what_is_no_key_part_either(ids: HashSet<u64>) {}

#[cache_evict(key = "a:{ids}")]
async fn behind_pointers(ids: Arc<[u64]>) {}

#[cache_evict(key = "a:{ids}")]
async fn in_an_option(ids: Option<&[u64]>) {}

#[cache_evict(key = "a:{ids.iter()}")]
async fn an_iterator(ids: Vec<u64>) {}

#[cache_evict(key = "a:{ret}")]
async fn in_what_is_returned() -> Vec<u64> {
    Vec::new()
}

#[cache_evict(key = "a:{ids}:{ret}")]
async fn beside_what_is_returned(ids: Vec<u64>) -> u64 {
    ids.len() as u64
}

#[cache_evict(key = "a:{pair}")]
async fn in_a_tuple(pair: (u64, Vec<u64>)) {}

#[cache_evict(key = "a:{triple}")]
async fn in_a_tuple_behind_a_reference(triple: &([u64; 2], u64, u64)) {}

fn main() {}
