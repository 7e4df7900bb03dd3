use jollycache::cacheable;

struct Query {
    page: u32,
    category: u32,
    tenant: u32,
}

#[cacheable(key = "list:{q.page}", skip(q.category))]
async fn list(q: &Query) -> u32 {
    q.page + q.category + q.tenant
}

fn main() {}
