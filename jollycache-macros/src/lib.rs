//! The attributes of JollyCache. Use them through the `jollycache` crate, which they expand into.
//!
//! An expansion is one `static` call site, one key and one call into `jollycache::__private`. The steps are those of
//! the modules: `parse` reads tokens, `options` the values of options, `validate` checks them against the function, `model` is a
//! valid annotation, `emit` writes.

mod annotate;
mod attribute;
mod config;
mod diagnostics;
mod emit;
mod key_part;
mod model;
mod options;
mod parse;
#[cfg(test)]
mod tests;
mod tokens;
mod validate;

use proc_macro::TokenStream;

use crate::annotate::annotate;
use crate::attribute::Macro;

#[doc = include_str!("../docs/cacheable.md")]
#[proc_macro_attribute]
pub fn cacheable(args: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Macro::Cacheable, args.into(), item.into()).into()
}

#[doc = include_str!("../docs/cache_put.md")]
#[proc_macro_attribute]
pub fn cache_put(args: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Macro::Put, args.into(), item.into()).into()
}

#[doc = include_str!("../docs/cache_evict.md")]
#[proc_macro_attribute]
pub fn cache_evict(args: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Macro::Evict, args.into(), item.into()).into()
}

#[doc = include_str!("../docs/cache_config.md")]
#[proc_macro_attribute]
pub fn cache_config(args: TokenStream, item: TokenStream) -> TokenStream {
    config::config(args.into(), item.into()).into()
}

#[doc = include_str!("../docs/key_part.md")]
#[proc_macro_derive(KeyPart, attributes(key))]
pub fn derive_key_part(item: TokenStream) -> TokenStream {
    key_part::derive(item.into()).into()
}
