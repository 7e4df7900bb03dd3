//! Setters of an expansion: those of its `static`, and those of its call.

use proc_macro2::Span;
use syn::Expr;

/// A setter of the `static`: `.ttl_ms(1800000)`.
pub(crate) struct Constant {
    pub(crate) setter: String,
    pub(crate) value: ConstantValue,
}

/// What a [`Constant`] sets.
pub(crate) enum ConstantValue {
    Text(String),
    Millis(u64),
    Fraction(f64),
    Number(u16),
    /// A variant of one of the runtime's enums.
    Variant {
        of: &'static str,
        name: &'static str,
    },
}

/// A setter of the call.
pub(crate) struct Setter {
    pub(crate) name: String,
    /// Where errors about it are shown.
    pub(crate) span: Span,
    pub(crate) value: SetterValue,
}

/// What a [`Setter`] sets.
pub(crate) enum SetterValue {
    /// `.all()`
    Nothing,
    /// `.ttl_by(expr)`
    Expr(Expr),
    /// `.ttl(|| expr)`
    Lazy(Expr),
    /// `.none_ttl(|| Duration::from_millis(30000))`
    LazyMillis(u64),
    /// `.with(|| handle(&expr))`
    Handle(Expr),
    /// `.version_by(|ret| expr)`
    OverRet(Expr),
}
