//! Templates: `.literal("product:").part(&id)`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;

use super::{glue, private, reference};
use crate::model::{Piece, RET, Source, Template};

/// The pieces, to follow a builder: all placeholders are filled in at once.
pub(super) fn pieces(template: &Template) -> TokenStream {
    let span = glue(template.span);
    template
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => quote_spanned! {span=> .literal(#text) },
            Piece::Value { expr, source, hash } => now(expr, source, *hash, template),
        })
        .collect()
}

/// A placeholder that is filled in where it stands.
fn now(expr: &Expr, source: &Source, hash: bool, template: &Template) -> TokenStream {
    let span = glue(template.span);
    let method = Ident::new(if hash { "hash" } else { "part" }, span);
    if source.is_type {
        let private = private(span);
        return quote_spanned! {span=> .#method(#private::type_name::<#expr>()) };
    }
    let value = value(expr, template);
    quote_spanned! {span=> .#method(#value) }
}

/// `&expr`, or what does not compile for a list.
fn value(expr: &Expr, template: &Template) -> TokenStream {
    let span = glue(template.span);
    let value = reference(expr, template.span);
    if !template.one_name {
        return value.into_token_stream();
    }
    let private = private(span);
    quote_spanned! {span=> #private::OneName::of(#value).get() }
}

/// A template with `ret`, filled in before and after the call.
pub(super) struct Deferred {
    /// `let` statements that render the arguments, before the call takes them.
    pub(super) before: TokenStream,
    /// The pieces, to follow a builder inside the closure.
    pub(super) pieces: TokenStream,
    /// The closure's parameter, which the author's `ret` resolves to.
    pub(super) ret: Ident,
}

/// Splits a template with `ret`.
pub(super) fn deferred(template: &Template) -> Deferred {
    let span = glue(template.span);
    let private = private(span);
    let (mut before, mut pieces) = (TokenStream::new(), TokenStream::new());
    for (index, piece) in template.pieces.iter().enumerate() {
        pieces.extend(match piece {
            Piece::Literal(text) => quote_spanned! {span=> .literal(#text) },
            Piece::Value { expr, source, hash } => {
                if source.root == RET || source.is_type {
                    now(expr, source, *hash, template)
                } else {
                    let value = value(expr, template);
                    let new = Ident::new(if *hash { "hashed" } else { "new" }, span);
                    let segment = format_ident!("segment_{index}", span = Span::mixed_site());
                    before.extend(quote_spanned! {span=> let #segment = #private::Segment::#new(#value); });
                    quote! { .part(&#segment) }
                }
            }
        });
    }
    Deferred { before, pieces, ret: Ident::new(RET, template.span) }
}
