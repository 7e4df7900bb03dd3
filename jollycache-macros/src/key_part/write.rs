//! The calls that write a value.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DataEnum, Field, Fields, Path, Variant};

/// Writes a struct.
pub(super) fn structure(fields: &Fields, root: &Path) -> TokenStream {
    if let Fields::Unnamed(unnamed) = fields
        && unnamed.unnamed.len() == 1
    {
        let span = Span::call_site().located_at(unnamed.unnamed[0].ty.span());
        return quote_spanned! {span=> #root::KeyPart::write_key(&self.0, out) };
    }
    let own = fields.members().zip(fields).map(|(member, field)| {
        let span = Span::call_site().located_at(field.ty.span());
        quote_spanned! {span=> &self.#member }
    });
    writer(fields, own.collect(), root, &quote! { out })
}

/// Writes an enum.
pub(super) fn enumeration(data: &DataEnum, root: &Path) -> TokenStream {
    if data.variants.is_empty() {
        return quote! { match *self {} };
    }
    let arms = data.variants.iter().map(|variant| arm(variant, root));
    quote! { match self { #(#arms)* } }
}

fn arm(variant: &Variant, root: &Path) -> TokenStream {
    let Variant { ident, fields, .. } = variant;
    let name = ident.unraw().to_string();
    let name_of = |(index, field): (usize, &Field)| {
        let span = Span::mixed_site().located_at(field.ty.span());
        format_ident!("field_{index}", span = span)
    };
    let bound: Vec<Ident> = fields.iter().enumerate().map(name_of).collect();
    let members = fields.members();
    let pattern = quote! { Self::#ident { #(#members: #bound),* } };
    if let Fields::Unit = fields {
        return quote! { #pattern => out.text(#name), };
    }
    let values = bound.iter().map(|name| quote! { #name }).collect();
    let data = writer(fields, values, root, &quote! { out.nested() });
    quote! {
        #pattern => {
            out.text(#name);
            #data;
        }
    }
}

/// Named fields sorted by name; others in a list.
fn writer(fields: &Fields, values: Vec<TokenStream>, root: &Path, out: &TokenStream) -> TokenStream {
    let mut fields: Vec<(&Field, TokenStream)> = fields.iter().zip(values).collect();
    fields.sort_by_key(|(field, _)| field.ident.as_ref().map(|name| name.unraw().to_string()));
    let named = fields.iter().any(|(field, _)| field.ident.is_some());
    let elements = fields.iter().map(|(field, value)| {
        // A field that is no `KeyPart` is shown where it stands.
        let span = Span::call_site().located_at(field.ty.span());
        let part = quote_spanned! {span=> #value as &dyn #root::KeyPart };
        match &field.ident {
            Some(name) => {
                let name = name.unraw().to_string();
                quote! { (#name, #part) }
            }
            None => part,
        }
    });
    let method = Ident::new(if named { "fields" } else { "list" }, Span::mixed_site());
    quote! { #out.#method([#(#elements),*]) }
}
