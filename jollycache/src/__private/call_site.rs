//! `CallSite`: the options of one annotated function that do not depend on its arguments.

use std::any::TypeId;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::key::{Key, KeyBuilder};
use crate::policy::{Consistency, Policy, SingleFlight};

/// Where a function stands: in a module of this path, with or without `self`.
#[derive(Debug, Clone, Copy)]
enum Place {
    Free(&'static str),
    Method(&'static str),
}

/// One annotation, as a `static`.
#[derive(Debug)]
pub struct CallSite {
    path: fn() -> &'static str,
    /// What no two functions share, not even two of one path.
    identity: fn() -> TypeId,
    /// Where the function stands, as far as the macro sees; needed for the default key only.
    place: Place,
    region: Option<&'static str>,
    pub(crate) policy: Policy,
    pub(crate) schema: u16,
}

impl CallSite {
    /// `marker` is a closure written at the site: its type's name holds the path of the function, with the type or
    /// the trait implementation it stands in, which a macro cannot see.
    pub const fn new<F: Copy + 'static>(_marker: F) -> Self {
        CallSite {
            path: std::any::type_name::<F>,
            identity: TypeId::of::<F>,
            place: Place::Free(""),
            region: None,
            policy: Policy::new(),
            schema: 0,
        }
    }

    /// The default key of a function without `self`, somewhere in `module`.
    #[must_use]
    pub const fn function_in(mut self, module: &'static str) -> Self {
        self.place = Place::Free(module);
        self
    }

    /// The default key of a method, somewhere in `module`.
    #[must_use]
    pub const fn method_in(mut self, module: &'static str) -> Self {
        self.place = Place::Method(module);
        self
    }

    /// `cache = "…"`
    #[must_use]
    pub const fn region(mut self, region: &'static str) -> Self {
        self.region = Some(region);
        self
    }

    /// `ttl = "…"`
    #[must_use]
    pub const fn ttl_ms(mut self, ms: u64) -> Self {
        self.policy.ttl = Some(Duration::from_millis(ms));
        self
    }

    /// `stale = "…"`
    #[must_use]
    pub const fn stale_ms(mut self, ms: u64) -> Self {
        self.policy.stale = Some(Duration::from_millis(ms));
        self
    }

    /// `timeout = "…"`
    #[must_use]
    pub const fn timeout_ms(mut self, ms: u64) -> Self {
        self.policy.timeout = Some(Duration::from_millis(ms));
        self
    }

    /// `jitter = "…%"`
    #[must_use]
    pub const fn jitter(mut self, fraction: f64) -> Self {
        self.policy.jitter = Some(fraction);
        self
    }

    /// `single_flight = "…"`
    #[must_use]
    pub const fn single_flight(mut self, mode: SingleFlight) -> Self {
        self.policy.single_flight = Some(mode);
        self
    }

    /// `grace = "…"`
    #[must_use]
    pub const fn grace_ms(mut self, ms: u64) -> Self {
        self.policy.grace = Some(Duration::from_millis(ms));
        self
    }

    /// `consistency = "…"`
    #[must_use]
    pub const fn consistency(mut self, consistency: Consistency) -> Self {
        self.policy.consistency = Some(consistency);
        self
    }

    /// `schema = …`
    #[must_use]
    pub const fn schema(mut self, schema: u16) -> Self {
        self.schema = schema;
        self
    }

    /// The region's name: the one given, or the function's path.
    pub fn region_name(&self) -> &'static str {
        self.region.unwrap_or_else(|| self.function())
    }

    /// The start of the default key: the function's path. `marker` is a closure written in the call, where, other
    /// than in the `static`, its type's name holds the generic arguments of the function and of what it stands in.
    ///
    /// A path that several functions can have, in two blocks of one function, is followed by a number of this one's.
    pub fn key<F: Copy>(&self, _marker: F) -> KeyBuilder {
        let key = Key::builder().part(function_of(std::any::type_name::<F>()));
        if self.place.has_one(self.function()) { key } else { key.literal("@").part(&self.number()) }
    }

    /// The compiler's own number for the function: no edit elsewhere changes it, as one of the lines above would a
    /// line number; another version of the crate or the compiler does.
    fn number(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.identity)().hash(&mut hasher);
        hasher.finish()
    }

    /// The function's path, without generic arguments.
    pub(crate) fn function(&self) -> &'static str {
        function_of((self.path)())
    }
}

impl Place {
    /// Whether no two functions can have this path: names are unique in a module, and so are a type's methods.
    /// `_` is the path of every unnamed constant.
    fn has_one(self, path: &str) -> bool {
        let inside = |module| path.strip_prefix(module).and_then(|rest| rest.strip_prefix("::"));
        match self {
            Place::Free(module) => inside(module).is_some_and(|name| !name.contains("::")),
            Place::Method(module) => {
                inside(module).and_then(|rest| rest.rsplit_once("::")).is_some_and(|(ty, _)| {
                    let (name, generics) = ty.split_at(ty.find('<').unwrap_or(ty.len()));
                    !name.is_empty()
                        && !name.contains("::")
                        && (generics.is_empty() || generics.ends_with('>'))
                })
            }
        }
    }
}

/// `crate::Type::method`, from `crate::Type::method::{{closure}}::__JOLLYCACHE_SITE::{{closure}}`.
fn function_of(marker: &str) -> &str {
    marker
        .trim_end_matches("::{{closure}}")
        .trim_end_matches("::__JOLLYCACHE_SITE")
        .trim_end_matches("::{{closure}}")
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_path_that_two_functions_can_have_is_recognised() {
        let free = Place::Free("shop::db");
        assert!(free.has_one("shop::db::find"));
        for path in
            ["shop::db::outer::find", "shop::db::_::find", "shop::db::Type::find", "shop::dbx::find", "find"]
        {
            assert!(!free.has_one(path), "{path}");
        }
        let method = Place::Method("shop::db");
        assert!(method.has_one("shop::db::Type::find"));
        assert!(method.has_one("shop::db::Type<shop::db::Other>::find"));
        for path in [
            "shop::db::outer::Type::find",
            "shop::db::_::Type::find",
            "shop::db::outer::Type<u8>::find",
            "shop::db::outer<u8>::Type::find",
            "<shop::db::Type as shop::db::Trait>::find",
            "shop::db::find",
        ] {
            assert!(!method.has_one(path), "{path}");
        }
    }
}
