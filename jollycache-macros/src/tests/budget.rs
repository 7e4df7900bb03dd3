//! DESIGN: at most 20 expanded lines over the bare function; one `static`, one key, one call; no loop, no match.

use proc_macro2::TokenStream;
use quote::quote;

use super::{expand, expand_method, pretty};
use crate::attribute::Macro;

const MAX_LINES_OVER: usize = 20;

/// Lines over the bare function.
fn lines_over(macro_: Macro, args: TokenStream, function: &TokenStream) -> usize {
    let expanded = expand(macro_, args, function.clone());
    for word in ["match ", "loop ", "while ", "for "] {
        assert!(!expanded.contains(word), "{word}in\n{expanded}");
    }
    assert_eq!(expanded.matches("static ").count(), 1, "{expanded}");
    assert_eq!(expanded.matches("__jollycache::Return").count(), 1, "{expanded}");
    expanded.lines().count() - pretty(function.clone()).lines().count()
}

#[test]
fn a_typical_cacheable_function() {
    let function = quote! {
        async fn find_product(id: ProductId) -> Result<Option<Product>, DbError> { database().await?.find(id).await }
    };
    let args = quote! { cache = "product", key = "product:{id}", ttl = "30m", none_ttl = "30s", tags = ["products"] };
    let over = lines_over(Macro::Cacheable, args, &function);
    assert!(over <= MAX_LINES_OVER, "{over} lines over the bare function");
}

#[test]
fn a_typical_put() {
    let function = quote! {
        async fn create(new: NewProduct) -> Result<Product, DbError> { database().await?.insert(new).await }
    };
    let args = quote! { cache = "product", key = "product:{ret.id}", ttl = "30m" };
    let over = lines_over(Macro::Put, args, &function);
    assert!(over <= MAX_LINES_OVER, "{over} lines over the bare function");
}

#[test]
fn a_typical_evict() {
    let function = quote! {
        async fn delete(id: ProductId) -> Result<bool, DbError> { database().await?.delete(id).await }
    };
    let args = quote! { key = "product:{id}", tags = ["products"], pattern = "products:wishlist:*" };
    let over = lines_over(Macro::Evict, args, &function);
    assert!(over <= MAX_LINES_OVER, "{over} lines over the bare function");
}

#[test]
fn the_body_is_there_once() {
    let function = quote! { async fn find(&self, id: u64) -> u64 { the_body(id) } };
    let args = quote! { key = "product:{id}" };
    assert_eq!(expand_method(Macro::Cacheable, args, function).matches("the_body").count(), 1);
}

#[test]
fn a_renamed_crate_is_the_only_one_named() {
    let function = quote! { async fn find(id: u64) -> Option<u64> { Some(id) } };
    let args = quote! {
        crate = other::place, key = "a:{id}", ttl = "1s", none_ttl = "1s", single_flight = "off", tags = ["t:{id}"]
    };
    let expanded = expand(Macro::Cacheable, args, function.clone());
    assert!(expanded.contains("use other::place::__private"), "{expanded}");
    assert!(!expanded.contains("::jollycache"), "{expanded}");
    let args = quote! { crate = other::place, key = "a:{ret}:{id}", tags = ["t:{ret}:{id | hash}"] };
    let expanded = expand(Macro::Put, args, function);
    assert!(!expanded.contains("::jollycache"), "{expanded}");
}
