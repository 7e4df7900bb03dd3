//! What a valid annotation says: types without "not given yet", made by `validate`, read by `emit`.

mod template;

use proc_macro2::Span;
use syn::{Expr, ExprClosure, Ident, Member, Path, Type};

pub(crate) use template::{Piece, RET, Source, Template};

use crate::options::Macro;

/// A valid annotation of a function.
pub(crate) struct Annotation {
    pub(crate) macro_: Macro,
    /// Where `jollycache` is, if it is renamed.
    pub(crate) root: Option<Path>,
    pub(crate) site: Site,
    pub(crate) with: Option<Expr>,
    pub(crate) key: Option<Key>,
    /// What the compiler is to check of the key.
    pub(crate) exhaustive: Vec<Exhaustive>,
    pub(crate) tags: Vec<Template>,
    pub(crate) pattern: Option<Template>,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) stale: Option<Expr>,
    pub(crate) timeout: Option<Expr>,
    pub(crate) grace: Option<Expr>,
    pub(crate) none_ttl: Option<NoneTtl>,
    pub(crate) condition: Option<Expr>,
    pub(crate) unless: Option<Expr>,
    /// Where `on_error = "propagate"` stands.
    pub(crate) propagate: Option<Span>,
    /// The value's own version, over `ret`.
    pub(crate) version: Option<Expr>,
    pub(crate) all: bool,
    pub(crate) when: When,
}

/// When an eviction happens, seen from the call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    After,
    Before,
    Around,
}

/// What goes into the `static`.
#[derive(Default)]
pub(crate) struct Site {
    pub(crate) region: Option<String>,
    pub(crate) ttl_ms: Option<u64>,
    pub(crate) stale_ms: Option<u64>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) jitter: Option<f64>,
    /// The variant of `SingleFlight`.
    pub(crate) single_flight: Option<&'static str>,
    pub(crate) schema: Option<u16>,
    pub(crate) grace_ms: Option<u64>,
    /// The variant of `Consistency`.
    pub(crate) consistency: Option<&'static str>,
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

/// A `ttl` that is known only in the call.
pub(crate) enum Ttl {
    Expr(Expr),
    /// `|value| …`
    ByValue(ExprClosure),
}

/// `none_ttl`, and where it stands.
pub(crate) struct NoneTtl {
    pub(crate) span: Span,
    pub(crate) lifetime: Lifetime,
}

/// A length of time.
pub(crate) enum Lifetime {
    Millis(u64),
    Expr(Expr),
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
