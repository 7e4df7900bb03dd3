use jollycache::cacheable;

struct Query {
    page: u32,
    category: u32,
}

#[cacheable(key = "orders:{user}")]
async fn none(user: u32, (page, size): (u32, u32)) -> Vec<u32> {
    vec![user, page, size]
}

#[cacheable(key = "list:{page}")]
async fn of_a_struct(Query { page, category }: Query) -> u32 {
    page + category
}

#[cacheable(key = "list:{page}")]
async fn of_a_tuple((user, page): (u32, u32)) -> u32 {
    user + page
}

#[cacheable(key = "list:{page}")]
async fn of_a_whole(all @ Query { page, .. }: Query) -> u32 {
    page + all.category
}

#[cacheable(key = "list:{a}", skip(c))]
async fn of_a_nested_one((a, [b, c]): (u32, [u32; 2])) -> u32 {
    a + b + c
}

fn main() {}
