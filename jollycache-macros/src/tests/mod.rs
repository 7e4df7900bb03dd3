//! What the macros write: as snapshots, and against the budgets.

mod budget;
mod documentation;
mod expansion;

use proc_macro2::TokenStream;
use quote::quote;

use crate::annotate::annotate;
use crate::attribute::Macro;

/// The expansion, formatted.
fn expand(macro_: Macro, args: TokenStream, item: TokenStream) -> String {
    pretty(annotate(macro_, args, item))
}

/// As [`expand`], of a method.
fn expand_method(macro_: Macro, args: TokenStream, item: TokenStream) -> String {
    let method = annotate(macro_, args, item);
    pretty(quote! { impl Repository { #method } })
}

fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("an expansion that parses"))
}
