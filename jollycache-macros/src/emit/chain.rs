//! The call: a chain of setters, and the body at its end.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{body, call_site, glue, private, reference, template};
use crate::attribute::Macro;
use crate::model::{Annotation, Exhaustive, Key, RET, Setter, SetterValue, Target, Template, When};
use crate::parse::{Body, Function};

pub(super) fn chain(
    annotation: &Annotation,
    target: &Target,
    function: &Function,
    body: &Body,
) -> TokenStream {
    // Where the compiler shows that the value cannot be stored.
    let span = glue(target.returned.span());
    let private = private(span);
    let site = call_site::name();
    let returned = &target.returned;
    let exhaustive = exhaustive(annotation);
    let condition = condition(annotation);
    let names = names(annotation);
    let sharing = body::sharing(annotation, target, &function.sig);
    let setters = setters(annotation);
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
            #setters
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

/// What the `static` cannot hold, and what is evaluated over the returned value.
fn setters(annotation: &Annotation) -> TokenStream {
    let mut setters: TokenStream = annotation.setters.iter().map(set).collect();
    setters.extend(annotation.unless.iter().map(|expr| setter("unless", expr.span(), expr)));
    setters.extend(match annotation.when {
        When::After => TokenStream::new(),
        When::Before => quote! { .before() },
        When::Around => quote! { .around() },
    });
    setters
}

fn set(Setter { name, span, value }: &Setter) -> TokenStream {
    let at = glue(*span);
    let private = private(at);
    match value {
        SetterValue::Nothing => setter(name, *span, TokenStream::new()),
        SetterValue::Expr(expr) => setter(name, *span, expr),
        SetterValue::Lazy(expr) => lazy(name, *span, expr),
        SetterValue::LazyMillis(ms) => {
            let ms = Literal::u64_unsuffixed(*ms);
            lazy(name, *span, quote_spanned! {at=> #private::Duration::from_millis(#ms) })
        }
        SetterValue::Handle(expr) => {
            let cache = reference(expr, at);
            lazy(name, *span, quote_spanned! {at=> #private::handle(#cache) })
        }
        SetterValue::OverRet(expr) => {
            let ret = Ident::new(RET, *span);
            setter(name, *span, quote_spanned! {at=> |#ret| #expr })
        }
    }
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
