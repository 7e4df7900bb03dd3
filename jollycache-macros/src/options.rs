//! The options: their names, on what they stand, and how each is written.

/// An attribute that takes options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Macro {
    Cacheable,
    Put,
    Evict,
    Config,
}

impl Macro {
    /// The attributes of functions.
    pub(crate) const ON_FUNCTIONS: [Macro; 3] = [Macro::Cacheable, Macro::Put, Macro::Evict];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Macro::Cacheable => "cacheable",
            Macro::Put => "cache_put",
            Macro::Evict => "cache_evict",
            Macro::Config => "cache_config",
        }
    }

    /// The attribute that `path` spells, if it is one of a function's.
    pub(crate) fn of_path(path: &syn::Path) -> Option<Macro> {
        let last = &path.segments.last()?.ident;
        Self::ON_FUNCTIONS.into_iter().find(|known| last == known.name())
    }
}

/// An option.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) form: &'static str,
    /// The attributes that take it.
    on: &'static [Macro],
}

impl Spec {
    pub(crate) fn is_on(&self, macro_: Macro) -> bool {
        self.on.contains(&macro_)
    }

    /// `` `#[a]`, `#[b]` ``
    pub(crate) fn places(&self) -> String {
        let places: Vec<_> = self.on.iter().map(|place| format!("`#[{}]`", place.name())).collect();
        places.join(", ")
    }
}

use Macro::{Cacheable, Config, Evict, Put};

const ALL: &[Macro] = &[Cacheable, Put, Evict];
const ALL_AND_CONFIG: &[Macro] = &[Cacheable, Put, Evict, Config];
const STORING_AND_CONFIG: &[Macro] = &[Cacheable, Put, Config];

/// Every option there is.
pub(crate) const SPECS: &[Spec] = &[
    spec("cache", "cache = \"product\"", ALL_AND_CONFIG),
    spec("with", "with = self.cache", ALL_AND_CONFIG),
    spec("key", "key = \"product:{id}\"", ALL),
    spec("ttl", "ttl = \"30m\"", STORING_AND_CONFIG),
    spec("jitter", "jitter = \"10%\"", STORING_AND_CONFIG),
    spec("stale", "stale = \"10m\"", STORING_AND_CONFIG),
    spec("none_ttl", "none_ttl = \"30s\"", &[Cacheable]),
    spec("tags", "tags = [\"products\"]", ALL),
    spec("pattern", "pattern = \"products:*\"", &[Evict]),
    spec("all", "all", &[Evict]),
    spec("when", "when = \"after\"", &[Evict]),
    spec("grace", "grace = \"2s\"", &[Evict, Config]),
    spec("consistency", "consistency = \"bounded\"", &[Cacheable, Config]),
    spec("version", "version = ret.version", &[Cacheable, Put]),
    spec("single_flight", "single_flight = \"cluster\"", &[Cacheable, Config]),
    spec("condition", "condition = id > 0", ALL),
    spec("unless", "unless = |ret| ret.is_empty()", ALL),
    spec("on_error", "on_error = \"propagate\"", ALL_AND_CONFIG),
    spec("timeout", "timeout = \"50ms\"", ALL_AND_CONFIG),
    spec("schema", "schema = 2", STORING_AND_CONFIG),
    spec("skip", "skip(trace)", &[Cacheable]),
    spec("crate", "crate = ::jollycache", ALL_AND_CONFIG),
];

const fn spec(name: &'static str, form: &'static str, on: &'static [Macro]) -> Spec {
    Spec { name, form, on }
}

/// The option called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| spec.name == name)
}
