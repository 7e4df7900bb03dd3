//! An attribute of a function, from its tokens to its expansion.

use proc_macro2::TokenStream;
use quote::ToTokens;

use crate::attribute::Macro;
use crate::diagnostics::Errors;
use crate::parse::Function;
use crate::{emit, validate};

/// Expands `macro_`. On a user's mistake the function stays as it is, so that one mistake is one error.
pub(crate) fn annotate(macro_: Macro, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let expanded = if let Ok(function) = syn::parse2::<Function>(item.clone()) {
        expand(macro_, args, function, &mut errors)
    } else {
        errors.push_on(&item, format!("`#[{}]` goes on an `async fn`", macro_.name()));
        None
    };
    let mut tokens = errors.into_tokens();
    tokens.extend(expanded.unwrap_or(item));
    tokens
}

/// The expansion. A function that cannot be annotated comes back without its other annotations: each would report the same.
fn expand(
    macro_: Macro,
    args: TokenStream,
    mut function: Function,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let target = validate::target(macro_, &function, errors);
    let fit = errors.is_empty();
    let annotation =
        target.as_ref().and_then(|target| validate::annotation(macro_, args, &function, target, errors));
    if !fit {
        function.attrs.retain(|attr| Macro::of_path(attr.path()).is_none());
        return Some(function.into_token_stream());
    }
    Some(emit::function(&annotation?, &target?, &function, function.body.as_ref()?))
}
