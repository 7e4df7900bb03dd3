//! The `static`: what does not depend on the arguments.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{glue, private};
use crate::model::{Annotation, Key};
use crate::parse::Function;

/// The name of the `static`. Items are not hygienic, so it is one that no body uses.
pub(super) fn name() -> Ident {
    format_ident!("__JOLLYCACHE_SITE", span = proc_macro2::Span::mixed_site())
}

pub(super) fn site(annotation: &Annotation, function: &Function) -> TokenStream {
    let span = glue(proc_macro2::Span::call_site());
    let private = private(span);
    let name = name();
    let site = &annotation.site;
    let region = site.region.iter().map(|name| quote! { .region(#name) });
    let lifetimes = [
        ("ttl_ms", site.ttl_ms),
        ("stale_ms", site.stale_ms),
        ("timeout_ms", site.timeout_ms),
        ("grace_ms", site.grace_ms),
    ];
    let lifetimes = lifetimes.into_iter().filter_map(|(setter, ms)| {
        let setter = Ident::new(setter, proc_macro2::Span::mixed_site());
        let ms = Literal::u64_unsuffixed(ms?);
        Some(quote! { .#setter(#ms) })
    });
    let jitter = site.jitter.iter().map(|fraction| {
        let fraction = Literal::f64_unsuffixed(*fraction);
        quote! { .jitter(#fraction) }
    });
    let single_flight = site.single_flight.iter().map(|variant| {
        let variant = Ident::new(variant, proc_macro2::Span::mixed_site());
        quote! { .single_flight(#private::SingleFlight::#variant) }
    });
    let consistency = site.consistency.iter().map(|variant| {
        let variant = Ident::new(variant, proc_macro2::Span::mixed_site());
        quote! { .consistency(#private::Consistency::#variant) }
    });
    let schema = site.schema.iter().map(|schema| {
        let schema = Literal::u16_unsuffixed(*schema);
        quote! { .schema(#schema) }
    });
    let place = matches!(annotation.key, Some(Key::Default(_))).then(|| {
        let is_method = function.sig.receiver().is_some();
        let setter = Ident::new(if is_method { "method_in" } else { "function_in" }, span);
        quote_spanned! {span=> .#setter(#private::module_path!()) }
    });
    quote_spanned! {span=>
        static #name: #private::CallSite = #private::CallSite::new(|| {})
            #place #(#region)* #(#lifetimes)* #(#jitter)* #(#single_flight)* #(#consistency)* #(#schema)*;
    }
}
