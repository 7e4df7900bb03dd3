//! Model to tokens: one `static`, one key, one call.

mod body;
mod chain;
mod site;
mod template;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, ExprReference, Token};

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
///     static __JOLLYCACHE_SITE: Site = Site::new(|| {}).ttl_ms(60000);
///     Return::<Option<Product>>::NEW.shape().cacheable(&__JOLLYCACHE_SITE)
///         .key(Key::builder().literal("product:").part(&id))
///         .load(move || -> BoxFuture<'_, Option<Product>> { Box::pin(async move { body }) })
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
    let site = site::site(annotation);
    let chain = chain::chain(annotation, target, function, body);
    let call = match target.asyncness {
        Asyncness::Fn => quote! { #site #chain },
        Asyncness::Boxed(_) => {
            let private = private(annotation);
            let span = glue(sig.ident.span());
            quote_spanned! {span=> #private::Box::pin(async move { #site #chain }) }
        }
    };
    quote! {
        #(#attrs)* #vis #defaultness #sig {
            #(#inner_attrs)*
            #call
        }
    }
}

/// The path of the runtime's private module.
fn private(annotation: &Annotation) -> TokenStream {
    let root = &annotation.root;
    quote! { #root::__private }
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
