//! Each argument is in the key, or left out on purpose: whole, by its fields, or by the names of its pattern.

use std::sync::Arc;

use jollycache::{KeyPart, cacheable};

#[derive(Clone, KeyPart)]
struct Filter {
    kind: u32,
    name: String,
}

#[derive(Clone, KeyPart)]
struct Query<T> {
    page: u32,
    filter: Filter,
    of: T,
}

impl<T> Query<T> {
    fn page(&self) -> u32 {
        self.page
    }
}

struct Id(u64);

#[cacheable(key = "whole:{q}:{name.as_bytes()}:{bytes[..]}:{-number}:{*by}:{id as u64}:{(flag)}")]
async fn whole(q: &Query<u8>, name: &str, bytes: [u8; 2], number: i64, by: &u32, id: u32, flag: bool) -> usize {
    name.len() + bytes.len() + usize::from(flag) + (q.page + by + id) as usize + number.unsigned_abs() as usize
}

#[cacheable(key = "rest:{q.page}", skip(q))]
async fn a_field_and_the_rest_left_out(q: Query<u8>) -> u32 {
    q.page
}

#[cacheable(key = "getter:{q.page()}", skip(q))]
async fn a_getter_and_the_rest_left_out(q: Arc<Query<u8>>) -> u32 {
    q.page
}

#[cacheable(key = "fields:{q.page}:{q.filter.name | hash}", skip(q.of, q.filter))]
async fn fields_and_the_others_left_out(q: &Query<Vec<u8>>) -> u32 {
    q.page
}

#[cacheable(key = "none", skip(q.page, q.filter, q.of))]
async fn all_fields_left_out(q: Query<u8>) -> u32 {
    let _ = q.clone();
    1
}

#[cacheable(key = "id:{id.0}", skip(id))]
async fn of_a_newtype(id: Id) -> u64 {
    id.0
}

#[cacheable(key = "tuple:{pair.0}:{pair.1}")]
async fn every_element_of_a_tuple(pair: &(u32, u32)) -> u32 {
    pair.0 + pair.1
}

#[cacheable(key = "tuple:{pair.0}", skip(pair.1))]
async fn an_element_of_a_tuple_left_out(pair: (u32, u32)) -> u32 {
    pair.0
}

#[cacheable(key = "names:{page}:{kind}", skip(name))]
async fn names_of_patterns(Query { page, filter: Filter { kind, name }, .. }: Query<u8>) -> u32 {
    page + kind + u32::from(name.is_empty())
}

#[cacheable(key = "around:{all}")]
async fn a_name_around_others(all @ Filter { kind, .. }: &Filter) -> u32 {
    kind + u32::from(all.name.is_empty())
}

#[cacheable(skip(size))]
async fn a_name_left_out_of_the_default_key((page, size): (u32, u32)) -> u32 {
    page + size
}

#[tokio::main]
async fn main() {
    let q = Query { page: 1, filter: Filter { kind: 2, name: String::new() }, of: 3 };
    let of = Query { page: 1, filter: q.filter.clone(), of: vec![] };
    assert_eq!(whole(&q, "n", [1, 2], -1, &1, 1, true).await, 8);
    assert_eq!(a_field_and_the_rest_left_out(q.clone()).await, 1);
    assert_eq!(a_getter_and_the_rest_left_out(Arc::new(q.clone())).await, 1);
    assert_eq!(fields_and_the_others_left_out(&of).await, 1);
    assert_eq!(all_fields_left_out(q.clone()).await, 1);
    assert_eq!(of_a_newtype(Id(5)).await, 5);
    assert_eq!(every_element_of_a_tuple(&(1, 2)).await, 3);
    assert_eq!(an_element_of_a_tuple_left_out((1, 2)).await, 1);
    assert_eq!(names_of_patterns(q.clone()).await, 4);
    assert_eq!(a_name_around_others(&q.filter).await, 3);
    assert_eq!(a_name_left_out_of_the_default_key((1, 2)).await, 3);
    assert_eq!(q.page(), q.page);
}
