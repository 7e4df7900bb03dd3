//! Names that a macro by example makes resolve where it makes them.

macro_rules! repository {
    ($name:ident, $key:literal, $ttl:expr, $argument:ident) => {
        #[jollycache::cacheable(key = $key, ttl = $ttl, tags = ["all", $key])]
        async fn $name($argument: u32) -> u32 {
            let id = $argument;
            id + 1
        }
    };
    ($name:ident) => {
        #[jollycache::cache_put(key = "inner:{id}:{ret}")]
        async fn $name(id: u32) -> u32 {
            id
        }
    };
}

repository!(find, "find:{id}", "30s", id);
repository!(put);

#[tokio::main]
async fn main() {
    assert_eq!(find(1).await, 2);
    assert_eq!(put(1).await, 1);
}
