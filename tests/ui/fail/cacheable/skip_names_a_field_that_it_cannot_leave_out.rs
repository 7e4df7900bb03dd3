use jollycache::{KeyPart, cacheable};

#[derive(KeyPart)]
struct Query {
    page: u32,
    category: u32,
}

#[cacheable(skip(q.category))]
async fn by_the_default_key(q: Query) -> u32 {
    q.page + q.category
}

#[cacheable(key = "list:{q.page}", skip(q.page, q.category))]
async fn that_is_in_the_key(q: Query) -> u32 {
    q.page + q.category
}

#[cacheable(key = "list:{q.page}", skip(q.category, q.category))]
async fn that_is_left_out_already(q: Query) -> u32 {
    q.page + q.category
}

#[cacheable(key = "list:{q.page}", skip(q, q.category))]
async fn of_what_is_left_out_already(q: Query) -> u32 {
    q.page + q.category
}

#[cacheable(key = "list:{first.page}", skip(first.category))]
async fn of_a_name_of_a_pattern([first]: [Query; 1]) -> u32 {
    first.page + first.category
}

#[cacheable(key = "list:{C}", skip(C.code))]
async fn of_a_type<C>() -> u32 {
    1
}

fn main() {}
