//! What a valid annotation sets: types without "not given yet", made by `validate`, read by `emit`.

mod setter;
mod template;

use proc_macro2::Span;
use syn::{Expr, Ident, Member, Path, Type};

pub(crate) use self::setter::{Constant, ConstantValue, Setter, SetterValue};
pub(crate) use self::template::{Piece, RET, Source, Template, TemplateKind};
use crate::attribute::Macro;

/// A valid annotation of a function.
pub(crate) struct Annotation {
    pub(crate) macro_: Macro,
    /// Where `jollycache` is, if it is renamed.
    pub(crate) root: Option<Path>,
    /// What the `static` holds.
    pub(crate) constants: Vec<Constant>,
    pub(crate) condition: Option<Expr>,
    pub(crate) unless: Option<Expr>,
    /// What else is set in the call.
    pub(crate) setters: Vec<Setter>,
    pub(crate) when: When,
    pub(crate) key: Option<Key>,
    /// What the compiler is to check of the key.
    pub(crate) exhaustive: Vec<Exhaustive>,
    pub(crate) tags: Vec<Template>,
    pub(crate) pattern: Option<Template>,
}

/// When an eviction happens, seen from the call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    After,
    Before,
    Around,
}

/// The key.
pub(crate) enum Key {
    Template(Template),
    /// The function's path and these arguments.
    Default(Vec<Ident>),
}

/// The claim that an argument has these fields and no others: each is in the key, or left out on purpose.
pub(crate) struct Exhaustive {
    pub(crate) argument: Ident,
    pub(crate) structure: Path,
    pub(crate) fields: Vec<Member>,
    /// Where the claim is made.
    pub(crate) span: Span,
}

/// How the function returns.
pub(crate) struct Target {
    /// What its future resolves to.
    pub(crate) returned: Type,
    pub(crate) asyncness: Asyncness,
}

/// How the function is asynchronous.
pub(crate) enum Asyncness {
    /// `async fn`
    Fn,
    /// `fn … -> Pin<Box<dyn Future<…>>>`, which is what `#[async_trait]` makes: the type as written.
    Boxed(Box<Type>),
}
