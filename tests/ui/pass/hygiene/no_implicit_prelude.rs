//! Nothing of the prelude is in scope, and what the expansion needs is shadowed.
#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code)]

mod shadows {
    pub struct Some;
    pub struct None;
    pub struct Box;
    pub struct Key;
    pub struct Duration;
    pub mod core {}
    pub mod std {}
    pub mod jollycache {}
}

#[allow(unused_imports)]
use shadows::{Box, Duration, Key, None, Some, core, jollycache, std};

const SITE: u8 = 3;

#[::jollycache::cacheable(key = "a:{id}", ttl = "1s", none_ttl = "2s", tags = ["t:{id}"], single_flight = "off")]
async fn cacheable(id: u32) -> ::core::option::Option<u8> {
    let private = SITE;
    let _ = id;
    ::core::option::Option::Some(private)
}

#[::jollycache::cacheable]
async fn default_key(returned: u32, out: u8) -> ::core::result::Result<u32, ::std::string::String> {
    let _ = out;
    ::core::result::Result::Ok(returned)
}

#[::jollycache::cache_put(key = "a:{ret}:{segment_0}")]
#[::jollycache::cache_evict(tags = ["t:{segment_0}:{ret}"])]
async fn put_and_evict(segment_0: u8) -> u8 {
    segment_0
}

struct S;

#[::jollycache::cache_config(cache = "s", ttl = "1s")]
impl S {
    #[::jollycache::cacheable(key = "s:{id}")]
    async fn method(&self, id: u8) -> u8 {
        id
    }
}

#[derive(::jollycache::KeyPart)]
struct Fields {
    out: u8,
    r#type: u8,
}

#[derive(::jollycache::KeyPart)]
enum Choice {
    Unit,
    Tuple(u8, Fields),
    Named { out: u8, field_0: u8 },
}

fn main() {
    let runtime = ::tokio::runtime::Runtime::new();
    let ::core::result::Result::Ok(runtime) = runtime else { return };
    ::std::assert_eq!(runtime.block_on(cacheable(1)), ::core::option::Option::Some(3));
    ::std::assert_eq!(runtime.block_on(default_key(1, 2)), ::core::result::Result::Ok(1));
    ::std::assert_eq!(runtime.block_on(put_and_evict(4)), 4);
    ::std::assert_eq!(runtime.block_on(S.method(5)), 5);
}
