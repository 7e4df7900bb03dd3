//! Model to tokens: one `static`, one key, one call.

mod body;
mod call_site;
mod chain;
mod template;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, ExprReference, Token, parse_quote_spanned};

use crate::model::{Annotation, Asyncness, Target};
use crate::parse::{Body, Function};

/// The annotated function.
///
/// Input:
///
/// ```text
/// async fn find(id: u64) -> Option<Product> { body }
/// ```
///
/// Output:
///
/// ```text
/// async fn find(id: u64) -> Option<Product> {
///     use ::jollycache::__private as __jollycache;
///     static __JOLLYCACHE_SITE: __jollycache::CallSite = __jollycache::CallSite::new(|| {}).ttl_ms(60000);
///     __jollycache::Return::<Option<Product>>::NEW.kind().cacheable(&__JOLLYCACHE_SITE)
///         .key(|| __jollycache::Key::builder().literal("product:").part(&id))
///         .load(move || __jollycache::boxed(async move { body }))
///         .await
/// }
/// ```
pub(crate) fn function(
    annotation: &Annotation,
    target: &Target,
    function: &Function,
    body: &Body,
) -> TokenStream {
    let Function { attrs, vis, defaultness, sig, .. } = function;
    let inner_attrs = &body.inner_attrs;
    let span = glue(sig.ident.span());
    let private = private(span);
    let root = annotation.root.clone().unwrap_or_else(|| parse_quote_spanned!(span=> ::jollycache));
    let site = call_site::call_site(annotation, function);
    let chain = chain::chain(annotation, target, function, body);
    let call = match target.asyncness {
        Asyncness::Fn => quote! { #site #chain },
        Asyncness::Boxed(_) => quote_spanned! {span=> #private::Box::pin(async move { #site #chain }) },
    };
    quote! {
        #(#attrs)* #vis #defaultness #sig {
            #(#inner_attrs)*
            use #root::__private as #private;
            #call
        }
    }
}

/// The runtime's private module, by the name that the function imports it under: short paths keep the expansion readable.
/// Imports are not hygienic, so it is a name that no body uses. `span` is where errors about it are shown.
fn private(span: Span) -> Ident {
    Ident::new("__jollycache", span)
}

/// A span whose errors show `at`, and whose names cannot meet the user's.
fn glue(at: Span) -> Span {
    Span::mixed_site().located_at(at)
}

/// `&expr`, in parentheses where it needs them.
fn reference(expr: &Expr, span: Span) -> Expr {
    Expr::Reference(ExprReference {
        attrs: Vec::new(),
        and_token: Token![&](glue(span)),
        mutability: None,
        expr: Box::new(expr.clone()),
    })
}
