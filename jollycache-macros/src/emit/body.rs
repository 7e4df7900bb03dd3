//! The function's body, as the last argument of the call.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Signature;

use super::{glue, private};
use crate::attribute::Macro;
use crate::model::{Annotation, Asyncness, Target};
use crate::parse::{Body, Function};

/// The body as a closure that returns a boxed future: it is boxed only when it runs.
pub(super) fn loader(target: &Target, function: &Function, body: &Body) -> TokenStream {
    let span = glue(function.sig.ident.span());
    let statements = &body.statements;
    match &target.asyncness {
        Asyncness::Boxed(written) => quote_spanned! {span=> move || -> #written { #statements } },
        Asyncness::Fn => {
            let private = private(span);
            let returned = &target.returned;
            // An `async` block cannot name its type; the first `return` sets it for the author's own ones and for `?`.
            quote_spanned! {span=>
                move || #private::boxed(async move {
                    if let #private::Some(returned) = #private::none::<#returned>() {
                        return returned;
                    }
                    #statements
                })
            }
        }
    }
}

/// `.sharing(…)`, unless the tokens of the return type borrow: the runtime passes a failure to other calls only as a
/// `'static` value, and requiring that of a borrowed type would not compile.
pub(super) fn sharing(annotation: &Annotation, target: &Target, sig: &Signature) -> TokenStream {
    let returned = target.returned.to_token_stream();
    if annotation.macro_ != Macro::Cacheable || borrows(returned.clone(), sig) {
        return TokenStream::new();
    }
    let span = Span::mixed_site();
    let private = private(span);
    quote_spanned! {span=> .sharing(#private::Share::<#returned>::NEW.sharing()) }
}

/// Whether a lifetime, a reference, or a type parameter of the function occurs.
fn borrows(tokens: TokenStream, sig: &Signature) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => matches!(punct.as_char(), '&' | '\''),
        TokenTree::Ident(ident) => sig.generics.type_params().any(|param| param.ident == ident),
        TokenTree::Group(group) => borrows(group.stream(), sig),
        TokenTree::Literal(_) => false,
    })
}
