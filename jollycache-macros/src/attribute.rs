//! The attributes.

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
