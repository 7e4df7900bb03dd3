//! The call: a chain of setters, and the body at its end.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{body, call_site, glue, private, reference, template};
use crate::model::{Annotation, Exhaustive, Key, Lifetime, RET, Target, Template, Ttl, When};
use crate::options::Macro;
use crate::parse::{Body, Function};

pub(super) fn chain(
    annotation: &Annotation,
    target: &Target,
    function: &Function,
    body: &Body,
) -> TokenStream {
    // Here the compiler asks whether the value can be stored.
    let span = glue(target.returned.span());
    let private = private(span);
    let site = call_site::name();
    let returned = &target.returned;
    let exhaustive = exhaustive(annotation);
    let condition = condition(annotation);
    let names = names(annotation);
    let sharing = body::sharing(annotation, target, &function.sig);
    let policy = policy(annotation);
    let moments = moments(annotation);
    let loader = body::loader(target, function, body);
    let (begin, end) = match annotation.macro_ {
        Macro::Put => ("put", "run"),
        Macro::Evict => ("evict", "run"),
        _ => ("cacheable", "load"),
    };
    let (begin, end) = (Ident::new(begin, span), Ident::new(end, span));
    quote_spanned! {span=>
        #exhaustive
        #private::Return::<#returned>::NEW
            .kind()
            .#begin(&#site)
            #condition
            #sharing
            #policy
            #moments
            #names
            .#end(#loader)
            .await
    }
}

/// `let Query { page: _, category: _ } = &query;`, which does not compile if the struct has another field.
fn exhaustive(annotation: &Annotation) -> TokenStream {
    let claims = annotation.exhaustive.iter().map(|Exhaustive { argument, structure, fields, span }| {
        // At the author's own span: in a macro's pattern the compiler names no field that is missing.
        let mut structure = structure.clone();
        for segment in &mut structure.segments {
            segment.ident.set_span(segment.ident.span().located_at(*span));
        }
        quote_spanned! {*span=> let #structure { #(#fields: _),* } = &#argument; }
    });
    claims.collect()
}

/// `.condition(…)`: before everything that is made from the arguments.
fn condition(annotation: &Annotation) -> TokenStream {
    annotation.condition.iter().map(|expr| setter("condition", expr.span(), expr)).collect()
}

/// `.with(…)`, and what the `static` cannot hold of the policy.
fn policy(annotation: &Annotation) -> TokenStream {
    let mut setters = TokenStream::new();
    if let Some(cache) = &annotation.with {
        let span = glue(cache.span());
        let (private, cache) = (private(span), reference(cache, span));
        setters.extend(lazy("with", span, quote_spanned! {span=> #private::handle(#cache) }));
    }
    match &annotation.ttl {
        Some(Ttl::Expr(expr)) => setters.extend(lazy("ttl", expr.span(), expr)),
        Some(Ttl::ByValue(closure)) => setters.extend(setter("ttl_by", closure.span(), closure)),
        None => {}
    }
    for (name, expr) in
        [("stale", &annotation.stale), ("timeout", &annotation.timeout), ("grace", &annotation.grace)]
    {
        setters.extend(expr.iter().map(|expr| lazy(name, expr.span(), expr)));
    }
    if let Some(none_ttl) = &annotation.none_ttl {
        let span = glue(none_ttl.span);
        let lifetime = match &none_ttl.lifetime {
            Lifetime::Expr(expr) => quote! { #expr },
            Lifetime::Millis(ms) => {
                let (private, ms) = (private(span), Literal::u64_unsuffixed(*ms));
                quote_spanned! {span=> #private::Duration::from_millis(#ms) }
            }
        };
        setters.extend(lazy("none_ttl", none_ttl.span, lifetime));
    }
    if let Some(span) = annotation.propagate {
        setters.extend(setter("propagate", span, TokenStream::new()));
    }
    setters
}

/// What is evicted or stored, and when.
fn moments(annotation: &Annotation) -> TokenStream {
    let mut setters = TokenStream::new();
    setters.extend(annotation.unless.iter().map(|expr| setter("unless", expr.span(), expr)));
    if annotation.all {
        setters.extend(quote! { .all() });
    }
    if let Some(version) = &annotation.version {
        let ret = Ident::new(RET, version.span());
        let closure = quote_spanned! {glue(version.span())=> |#ret| #version };
        setters.extend(setter("version_by", version.span(), closure));
    }
    setters.extend(match annotation.when {
        When::After => TokenStream::new(),
        When::Before => quote! { .before() },
        When::Around => quote! { .around() },
    });
    setters
}

/// A setter whose errors show `span`.
fn setter(name: &str, span: Span, value: impl quote::ToTokens) -> TokenStream {
    let span = glue(span);
    let name = Ident::new(name, span);
    quote_spanned! {span=> .#name(#value) }
}

/// A setter that makes its value only if the condition holds.
fn lazy(name: &str, span: Span, value: impl quote::ToTokens) -> TokenStream {
    let at = glue(span);
    setter(name, span, quote_spanned! {at=> || #value })
}

/// Keys, tags and patterns.
fn names(annotation: &Annotation) -> TokenStream {
    let mut setters = match &annotation.key {
        None => TokenStream::new(),
        Some(Key::Default(arguments)) => default_key(arguments),
        Some(Key::Template(template)) => name("key", "Key", template),
    };
    for tag in &annotation.tags {
        setters.extend(name("tag", "Key", tag));
    }
    if let Some(pattern) = &annotation.pattern {
        setters.extend(name("pattern", "Pattern", pattern));
    }
    setters
}

fn name(setter: &str, builder: &str, template: &Template) -> TokenStream {
    let span = glue(template.span);
    let private = private(span);
    let builder = Ident::new(builder, span);
    if !template.uses_ret() {
        let pieces = template::pieces(template);
        return lazy(setter, template.span, quote_spanned! {span=> #private::#builder::builder()#pieces });
    }
    let template::Deferred { before, pieces, ret } = template::deferred(template);
    let closure = quote_spanned! {span=> move |#ret| #private::#builder::builder()#pieces };
    let made = if before.is_empty() {
        closure
    } else {
        quote_spanned! {span=> { #before #closure } }
    };
    lazy(&format!("{setter}_by"), template.span, made)
}

/// `.key(|| SITE.key(|| {}).literal(":").part(&id))`
fn default_key(arguments: &[syn::Ident]) -> TokenStream {
    let site = call_site::name();
    let parts = arguments.iter().map(|argument| {
        let span = glue(argument.span());
        quote_spanned! {span=> .literal(":").part(&#argument) }
    });
    quote! { .key(|| #site.key(|| {}) #(#parts)*) }
}
