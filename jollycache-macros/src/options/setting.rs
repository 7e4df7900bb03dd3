//! What an option sets. Where it needs no knowledge of the function, it is a setter of the expansion already.

use syn::{Expr, LitStr, Path};

use super::skipped::Skipped;
use crate::model::{Constant, ConstantValue, Setter, SetterValue, When};

/// The meaning of one option.
pub(crate) enum Setting {
    /// On the `static`.
    Constant(Constant),
    /// On the call.
    Setter(Setter),
    Condition(Expr),
    Unless(Expr),
    Key(LitStr),
    Tags(Vec<LitStr>),
    Pattern(LitStr),
    Skip(Vec<Skipped>),
    When(When),
    /// Where `jollycache` is.
    Crate(Path),
    /// The default, written out.
    Default,
}

impl Setting {
    pub(super) fn constant(setter: impl Into<String>, value: ConstantValue) -> Self {
        Setting::Constant(Constant { setter: setter.into(), value })
    }

    /// `span` is where errors about the setter are shown.
    pub(super) fn setter(name: impl Into<String>, span: proc_macro2::Span, value: SetterValue) -> Self {
        Setting::Setter(Setter { name: name.into(), span, value })
    }
}
