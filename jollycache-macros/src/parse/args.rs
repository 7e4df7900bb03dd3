//! `name = expr, name(…), name`: an attribute's arguments.

use proc_macro2::{Group, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Token, token};

use crate::diagnostics::Errors;

/// One argument.
pub(crate) struct Arg {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// What follows an argument's name.
pub(crate) enum Value {
    /// `all`
    Nothing,
    /// `name = expr`
    Assigned(Expr),
    /// `name(…)`
    List(Group),
}

/// Reads all arguments that can be read.
pub(crate) fn args(tokens: TokenStream, errors: &mut Errors) -> Vec<Arg> {
    let mut found = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match arg(input) {
                Ok(arg) => found.push(arg),
                Err(error) => {
                    errors.push_error(error);
                    skip_to_comma(input);
                }
            }
            if input.parse::<Option<Token![,]>>()?.is_none() && !input.is_empty() {
                errors.push(input.span(), "expected a `,` before the next option");
            }
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        errors.push_error(error);
    }
    found
}

fn arg(input: ParseStream<'_>) -> syn::Result<Arg> {
    let name = input.call(Ident::parse_any).map_err(|error| {
        syn::Error::new(error.span(), "expected an option, such as `key = \"product:{id}\"`")
    })?;
    let value = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new(name.span(), format!("`{name} =` needs a value")));
        }
        Value::Assigned(input.parse()?)
    } else if input.peek(token::Paren) {
        Value::List(input.parse()?)
    } else {
        Value::Nothing
    };
    Ok(Arg { name, value })
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}
