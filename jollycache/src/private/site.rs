//! `Site`: what one annotated function says that does not depend on its arguments.

use std::time::Duration;

use crate::key::{Key, KeyBuilder};
use crate::policy::{Consistency, Policy, SingleFlight};

/// One annotation, as a `static`.
#[derive(Debug)]
pub struct Site {
    path: fn() -> &'static str,
    region: Option<&'static str>,
    pub(crate) policy: Policy,
    pub(crate) schema: u16,
}

impl Site {
    /// `marker` is a closure written at the site: its type's name holds the path of the function, with the type or
    /// the trait implementation it stands in, which no macro can know.
    pub const fn new<F: Copy + 'static>(_marker: F) -> Self {
        Site { path: std::any::type_name::<F>, region: None, policy: Policy::new(), schema: 0 }
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
    pub fn key<F: Copy>(&self, _marker: F) -> KeyBuilder {
        Key::builder().part(function_of(std::any::type_name::<F>()))
    }

    /// The function's path, without generic arguments.
    pub(crate) fn function(&self) -> &'static str {
        function_of((self.path)())
    }
}

/// `crate::Type::method`, from `crate::Type::method::{{closure}}::__JOLLYCACHE_SITE::{{closure}}`.
fn function_of(marker: &str) -> &str {
    marker
        .trim_end_matches("::{{closure}}")
        .trim_end_matches("::__JOLLYCACHE_SITE")
        .trim_end_matches("::{{closure}}")
}
