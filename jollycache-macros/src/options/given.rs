//! An option as the user wrote it.

use quote::ToTokens;
use syn::Ident;

use crate::parse::Value;

/// A name and its value.
pub(crate) struct Given {
    pub(crate) name: Ident,
    /// How the option is written.
    pub(super) form: &'static str,
    pub(crate) value: Value,
}

impl Given {
    /// An error that shows how the option is written.
    pub(super) fn wants(&self, at: impl ToTokens, what: &str) -> syn::Error {
        syn::Error::new_spanned(at, format!("`{}` {what}: `{}`", self.name, self.form))
    }
}
