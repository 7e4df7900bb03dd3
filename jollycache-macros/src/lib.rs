//! The attributes of JollyCache. Use them through the `jollycache` crate, which they expand into.

mod annotate;
mod diagnostics;
mod emit;
mod model;
mod options;
mod parse;
mod validate;

use proc_macro::TokenStream;

use crate::annotate::annotate;
use crate::options::Macro;

#[proc_macro_attribute]
pub fn cacheable(args: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Macro::Cacheable, args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn cache_put(args: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Macro::Put, args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn cache_evict(args: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Macro::Evict, args.into(), item.into()).into()
}
