//! `#[cache_config]`: what the annotated methods of an `impl` block have in common.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, ImplItem, ItemImpl, Meta};

use crate::attribute::Macro;
use crate::diagnostics::Errors;
use crate::options::{Entry, Given, Options};
use crate::parse::{self, Value};

/// Writes the options into the attributes of the methods, where they are not set already.
pub(crate) fn config(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let defaults = defaults(args, &mut errors);
    let Ok(mut block) = syn::parse2::<ItemImpl>(item.clone()) else {
        errors.push_on(&item, "`#[cache_config]` goes on an `impl` block");
        let mut tokens = errors.into_tokens();
        tokens.extend(item);
        return tokens;
    };
    let mut annotated = 0;
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            annotated += apply_all(&mut method.attrs, &defaults);
        }
    }
    if annotated == 0 {
        let message = "`#[cache_config]` finds no annotated method here: put `#[cacheable]`, `#[cache_put]` or \
                       `#[cache_evict]` on one, or remove it";
        errors.push(Span::call_site(), message);
    }
    let mut tokens = errors.into_tokens();
    block.to_tokens(&mut tokens);
    tokens
}

/// The options whose values are right: a wrong one is one error here, not one in each method.
fn defaults(args: TokenStream, errors: &mut Errors) -> Vec<Entry> {
    let options = Options::read(Macro::Config, args, errors);
    if options.is_empty() && errors.is_empty() {
        let message = "`#[cache_config]` needs the options that the methods have in common, such as `cache = \"product\"`";
        errors.push(Span::call_site(), message);
    }
    options.into_readable().collect()
}

/// Extends each of our attributes; returns how many there are.
fn apply_all(attrs: &mut [Attribute], defaults: &[Entry]) -> usize {
    let mut annotated = 0;
    for attr in attrs {
        if let Some(macro_) = Macro::of_path(attr.path()) {
            annotated += 1;
            apply(attr, macro_, defaults);
        }
    }
    annotated
}

fn apply(attr: &mut Attribute, macro_: Macro, defaults: &[Entry]) {
    let tokens = match &attr.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    // What cannot be read is reported by the attribute itself.
    let own = parse::args(tokens.clone(), &mut Errors::default());
    let added = defaults
        .iter()
        .filter(|entry| entry.spec.is_on(macro_) && !own.iter().any(|arg| arg.name == entry.given.name))
        .map(|entry| argument(&entry.given));
    let comma = needs_comma(&tokens).then(|| quote! { , });
    let path = attr.path().clone();
    attr.meta = syn::parse_quote!(#path(#tokens #comma #(#added),*));
}

fn needs_comma(tokens: &TokenStream) -> bool {
    let last = tokens.clone().into_iter().last();
    last.is_some_and(|last| !matches!(last, proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ','))
}

fn argument(given: &Given) -> TokenStream {
    let Given { name, value, .. } = given;
    match value {
        Value::Assigned(expr) => quote! { #name = #expr },
        Value::List(list) => quote! { #name #list },
        Value::Nothing => quote! { #name },
    }
}
