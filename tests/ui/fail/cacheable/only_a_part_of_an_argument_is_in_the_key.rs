use jollycache::cacheable;

struct Filter {
    kind: u32,
}

struct Query {
    page: u32,
    category: u32,
    filter: Filter,
}

impl Query {
    fn page(&self) -> u32 {
        self.page
    }
}

#[cacheable(key = "list:{q.page}")]
async fn a_field(q: Query) -> u32 {
    q.page + q.category
}

#[cacheable(key = "list:{q.filter.kind}:{q.page}")]
async fn two_fields(q: &Query) -> u32 {
    q.page + q.category
}

#[cacheable(key = "list:{q.page()}")]
async fn a_getter(q: &Query) -> u32 {
    q.page + q.category
}

#[cacheable(key = "list:{ids[0]}")]
async fn an_element(ids: [u32; 2]) -> u32 {
    ids[0] + ids[1]
}

#[cacheable(key = "list:{pair.0}")]
async fn of_a_tuple(pair: (u32, u32)) -> u32 {
    pair.0 + pair.1
}

#[cacheable(key = "list:{filter.kind}")]
async fn of_a_name_of_a_pattern(Query { filter, .. }: Query) -> u32 {
    filter.kind
}

#[cacheable(key = "list:{time.as_secs()}")]
async fn a_conversion_that_drops(time: std::time::Duration) -> u64 {
    time.as_millis() as u64
}

#[cacheable(key = "list:{name.to_lowercase()}:{word.trim()}", skip(word))]
async fn two_that_drop(name: &str, word: &str) -> usize {
    name.len() + word.len()
}

fn main() {}
