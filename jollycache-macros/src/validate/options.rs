//! The options of one attribute: known, allowed here, given once.

use proc_macro2::Span;
use quote::ToTokens;
use syn::Ident;

use crate::diagnostics::{Errors, did_you_mean, quoted};
use crate::options::{self, Macro, SPECS, Spec};
use crate::parse::{Arg, Value};

/// An option as the user gave it.
pub(crate) struct Given {
    pub(crate) spec: &'static Spec,
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

impl Given {
    /// An error that shows how the option is written.
    pub(crate) fn wants(&self, at: impl ToTokens, what: &str) -> syn::Error {
        syn::Error::new_spanned(at, format!("`{}` {what}: `{}`", self.spec.name, self.spec.form))
    }
}

/// The options of one attribute.
pub(crate) struct Options(Vec<Given>);

impl Options {
    /// Sorts out what `macro_` does not take, and what is there twice.
    pub(crate) fn read(macro_: Macro, args: Vec<Arg>, errors: &mut Errors) -> Self {
        let mut options = Options(Vec::new());
        for arg in args {
            let name = arg.name.to_string();
            match options::find(&name) {
                None => errors.push(arg.name.span(), unknown(macro_, &name)),
                Some(spec) if !spec.is_on(macro_) => errors.push(arg.name.span(), misplaced(macro_, spec)),
                Some(_) if options.has(&name) => {
                    errors.push(arg.name.span(), format!("`{name}` is given twice: remove one"));
                }
                Some(spec) => options.0.push(Given { spec, name: arg.name, value: arg.value }),
            }
        }
        options
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.span(name).is_some()
    }

    /// Where the option's name stands.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        let given = self.0.iter().find(|given| given.spec.name == name)?;
        Some(given.name.span())
    }

    /// Reads the option, if it is given.
    pub(crate) fn take<T>(
        &self,
        name: &str,
        errors: &mut Errors,
        read: impl FnOnce(&Given) -> syn::Result<T>,
    ) -> Option<T> {
        let given = self.0.iter().find(|given| given.spec.name == name)?;
        errors.keep(read(given))
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = Given> {
        self.0.into_iter()
    }
}

fn unknown(macro_: Macro, name: &str) -> String {
    let names = || SPECS.iter().filter(|spec| spec.is_on(macro_)).map(|spec| spec.name);
    format!(
        "`#[{}]` has no option `{name}`{}\noptions: {}",
        macro_.name(),
        did_you_mean(name, names()),
        quoted(names()),
    )
}

fn misplaced(macro_: Macro, spec: &Spec) -> String {
    let what =
        if macro_ == Macro::Config { "is said by each method for itself, in" } else { "is an option of" };
    format!("`#[{}]` does not take `{}`: it {what} {}", macro_.name(), spec.name, spec.places())
}
