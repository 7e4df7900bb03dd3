//! One name in `skip(…)`.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Ident, Member, Token};

/// `trace`, `query.page` or `T`.
pub(crate) struct Skipped {
    /// An argument, or a type or const parameter.
    pub(crate) name: Ident,
    /// One of the argument's fields, if only that is left out.
    pub(crate) field: Option<Member>,
}

impl Parse for Skipped {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let field = input.parse::<Option<Token![.]>>()?.map(|_| input.parse()).transpose()?;
        Ok(Skipped { name, field })
    }
}

impl Skipped {
    /// Whether it leaves out all that `name` stands for.
    pub(crate) fn is_whole(&self, name: &Ident) -> bool {
        self.field.is_none() && self.name == *name
    }

    pub(crate) fn span(&self) -> Span {
        self.field.as_ref().map_or_else(|| self.name.span(), Spanned::span)
    }

    pub(crate) fn text(&self) -> String {
        match &self.field {
            Some(field) => format!("{}.{}", self.name, field.to_token_stream()),
            None => self.name.to_string(),
        }
    }
}
