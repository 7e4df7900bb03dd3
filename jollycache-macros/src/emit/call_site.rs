//! The `static`: what does not depend on the arguments.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::{glue, private};
use crate::model::{Annotation, Constant, ConstantValue, Key};
use crate::parse::Function;

/// The name of the `static`. Items are not hygienic, so it is one that no body uses.
pub(super) fn name() -> Ident {
    format_ident!("__JOLLYCACHE_SITE", span = Span::mixed_site())
}

pub(super) fn call_site(annotation: &Annotation, function: &Function) -> TokenStream {
    let span = glue(Span::call_site());
    let private = private(span);
    let name = name();
    let constants = annotation.constants.iter().map(constant);
    let place = matches!(annotation.key, Some(Key::Default(_))).then(|| {
        let is_method = function.sig.receiver().is_some();
        let setter = Ident::new(if is_method { "method_in" } else { "function_in" }, span);
        quote_spanned! {span=> .#setter(#private::module_path!()) }
    });
    quote_spanned! {span=>
        static #name: #private::CallSite = #private::CallSite::new(|| {}) #place #(#constants)*;
    }
}

/// `.ttl_ms(1800000)`
fn constant(constant: &Constant) -> TokenStream {
    let span = Span::mixed_site();
    let setter = Ident::new(&constant.setter, span);
    let value = match &constant.value {
        ConstantValue::Text(text) => text.to_token_stream(),
        ConstantValue::Millis(ms) => Literal::u64_unsuffixed(*ms).to_token_stream(),
        ConstantValue::Fraction(fraction) => Literal::f64_unsuffixed(*fraction).to_token_stream(),
        ConstantValue::Number(number) => Literal::u16_unsuffixed(*number).to_token_stream(),
        ConstantValue::Variant { of, name } => {
            let private = private(glue(Span::call_site()));
            let (of, name) = (Ident::new(of, span), Ident::new(name, span));
            quote! { #private::#of::#name }
        }
    };
    quote! { .#setter(#value) }
}
