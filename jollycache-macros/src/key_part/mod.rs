//! `#[derive(KeyPart)]`.
//!
//! | type | in a key |
//! |---|---|
//! | `struct S { b: u8, a: u8 }` | the fields, sorted by name: `a:1\|b:2` |
//! | `struct Id(u64)` | as its field |
//! | `struct P(u8, u8)` | `(1,2,)` |
//! | `struct U;` | `()` |
//! | `enum E { A, B(u8), C { x: u8 } }` | the variant, and its data in parentheses: `A`, `B(1,)`, `C(x:1)` |

mod attr;
mod write;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Generics, Path, parse_quote};

use crate::diagnostics::Errors;

/// Expands the derive.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let implementation =
        errors.keep(syn::parse2::<DeriveInput>(item)).and_then(|input| expand(&input, &mut errors));
    let mut tokens = errors.into_tokens();
    tokens.extend(implementation);
    tokens
}

fn expand(input: &DeriveInput, errors: &mut Errors) -> Option<TokenStream> {
    let root = attr::root(input, errors);
    let body = match &input.data {
        Data::Struct(data) => write::structure(&data.fields, &root),
        Data::Enum(data) => write::enumeration(data, &root),
        Data::Union(data) => {
            let message = "a union cannot derive `KeyPart`: which of its fields is valid is not known";
            errors.push(data.union_token.span, message);
            return None;
        }
    };
    let name = &input.ident;
    let generics = bounded(input.generics.clone(), &root);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    Some(quote! {
        #[automatically_derived]
        impl #impl_generics #root::KeyPart for #name #type_generics #where_clause {
            fn write_key(&self, out: &mut #root::KeyWriter<'_>) {
                #body
            }
        }
    })
}

/// Every type parameter is a `KeyPart`, as with the standard derives.
fn bounded(mut generics: Generics, root: &Path) -> Generics {
    for param in generics.type_params_mut() {
        param.bounds.push(parse_quote!(#root::KeyPart));
    }
    generics
}
