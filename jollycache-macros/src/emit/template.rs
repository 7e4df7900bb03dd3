//! Templates: `.literal("product:").part(&id)`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{glue, private, reference};
use crate::model::{Piece, RET, Template};

/// The pieces, to follow a builder: all placeholders are filled in at once.
pub(super) fn pieces(template: &Template) -> TokenStream {
    let span = glue(template.span);
    template
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => quote_spanned! {span=> .literal(#text) },
            Piece::Value { expr, hash, .. } => {
                let method = Ident::new(if *hash { "hash" } else { "part" }, span);
                let value = reference(expr, template.span);
                quote_spanned! {span=> .#method(#value) }
            }
        })
        .collect()
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
            Piece::Value { expr, root, hash } => {
                let value = reference(expr, template.span);
                if root == RET {
                    let method = Ident::new(if *hash { "hash" } else { "part" }, span);
                    quote_spanned! {span=> .#method(#value) }
                } else {
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
