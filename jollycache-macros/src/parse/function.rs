//! The annotated function. Its body stays tokens: it is the compiler's to judge.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Signature, Token, Visibility, token};

/// A function, with or without a body.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    pub(crate) body: Option<Body>,
}

/// `{ … }`
pub(crate) struct Body {
    pub(crate) inner_attrs: Vec<Attribute>,
    pub(crate) statements: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Function {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            defaultness: input.parse()?,
            sig: input.parse()?,
            body: body(input)?,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function { attrs, vis, defaultness, sig, body } = self;
        tokens.extend(quote! { #(#attrs)* #vis #defaultness #sig });
        tokens.extend(if let Some(Body { inner_attrs, statements }) = body {
            quote! { { #(#inner_attrs)* #statements } }
        } else {
            quote! { ; }
        });
    }
}

fn body(input: ParseStream<'_>) -> syn::Result<Option<Body>> {
    if input.peek(token::Brace) {
        let content;
        syn::braced!(content in input);
        return Ok(Some(Body {
            inner_attrs: content.call(Attribute::parse_inner)?,
            statements: content.parse()?,
        }));
    }
    input.parse::<Token![;]>()?;
    Ok(None)
}
