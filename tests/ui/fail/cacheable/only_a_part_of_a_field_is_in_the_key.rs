use jollycache::cacheable;

struct Filter {
    kind: u32,
    name: u32,
}

struct Query {
    page: u32,
    filter: Filter,
}

impl Query {
    fn page(&self) -> u32 {
        self.page
    }
}

#[cacheable(key = "list:{q.filter.kind}", skip(q.page))]
async fn a_field(q: Query) -> u32 {
    q.page + q.filter.kind + q.filter.name
}

#[cacheable(key = "list:{q.page()}", skip(q.filter))]
async fn a_getter(q: Query) -> u32 {
    q.page() + q.filter.name
}

fn main() {}
