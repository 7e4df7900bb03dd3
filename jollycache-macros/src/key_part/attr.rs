//! `#[key(crate = path)]`.

use syn::{Attribute, Data, DeriveInput, Path, Token, parse_quote};

use crate::diagnostics::Errors;

/// Where `jollycache` is.
pub(super) fn root(input: &DeriveInput, errors: &mut Errors) -> Path {
    reject_inside(input, errors);
    let mut root = None;
    for attr in input.attrs.iter().filter(|attr| is_key(attr)) {
        let parsed = attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("`#[key(…)]` has one option: `crate = ::jollycache`"));
            }
            if root.is_some() {
                return Err(meta.error("`crate` is given twice: remove one"));
            }
            meta.input.parse::<Token![=]>()?;
            root = Some(meta.input.call(Path::parse_mod_style)?);
            Ok(())
        });
        errors.keep(parsed);
    }
    root.unwrap_or_else(|| parse_quote!(::jollycache))
}

/// Every field takes part in the key, so fields and variants have no options.
fn reject_inside(input: &DeriveInput, errors: &mut Errors) {
    let mut reject = |attrs: &[Attribute]| {
        for attr in attrs.iter().filter(|attr| is_key(attr)) {
            let message = "`#[key(…)]` goes on the type; every field takes part in the key";
            errors.push_error(syn::Error::new_spanned(attr, message));
        }
    };
    match &input.data {
        Data::Struct(data) => data.fields.iter().for_each(|field| reject(&field.attrs)),
        Data::Enum(data) => {
            for variant in &data.variants {
                reject(&variant.attrs);
                variant.fields.iter().for_each(|field| reject(&field.attrs));
            }
        }
        Data::Union(_) => {}
    }
}

fn is_key(attr: &Attribute) -> bool {
    attr.path().is_ident("key")
}
