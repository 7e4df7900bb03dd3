use jollycache::cache_put;

#[cache_put(key = "product:{ret.max(id)}")]
async fn create(id: u64) -> u64 {
    id
}

#[cache_put(key = "product:{id.max(*ret)}", tags = ["t:{self.tenant.max(*ret)}"])]
async fn create_too(id: u64) -> u64 {
    id
}

fn main() {}
