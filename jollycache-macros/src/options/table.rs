//! The table of all options. A new option is one row, and the function that reads its value if none of `read` does.

use super::given::Given;
use super::read;
use super::setting::Setting;
use crate::attribute::Macro;

/// A row.
pub(crate) struct Spec {
    pub(crate) option: OptionName,
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) form: &'static str,
    /// The attributes that take it.
    on: &'static [Macro],
    /// Reads its value.
    pub(super) read: fn(&Given) -> syn::Result<Setting>,
}

impl Spec {
    pub(crate) fn is_on(&self, macro_: Macro) -> bool {
        self.on.contains(&macro_)
    }

    /// `` `#[a]`, `#[b]` ``
    pub(super) fn places(&self) -> String {
        let places: Vec<_> = self.on.iter().map(|place| format!("`#[{}]`", place.name())).collect();
        places.join(", ")
    }
}

macro_rules! options {
    ($($option:ident, $name:literal, $form:literal, $on:expr, $read:path;)*) => {
        /// An option.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub(crate) enum OptionName {
            $($option),*
        }

        /// Every option there is, in the order of [`OptionName`].
        pub(crate) const SPECS: &[Spec] = &[
            $(Spec { option: OptionName::$option, name: $name, form: $form, on: $on, read: $read }),*
        ];
    };
}

use Macro::{Cacheable, Config, Evict, Put};

const ALL: &[Macro] = &[Cacheable, Put, Evict];
const ALL_AND_CONFIG: &[Macro] = &[Cacheable, Put, Evict, Config];
const STORING: &[Macro] = &[Cacheable, Put];
const STORING_AND_CONFIG: &[Macro] = &[Cacheable, Put, Config];

options! {
    Cache, "cache", "cache = \"product\"", ALL_AND_CONFIG, read::region;
    With, "with", "with = self.cache", ALL_AND_CONFIG, read::handle;
    Key, "key", "key = \"product:{id}\"", ALL, read::key;
    Ttl, "ttl", "ttl = \"30m\"", STORING_AND_CONFIG, read::ttl;
    Jitter, "jitter", "jitter = \"10%\"", STORING_AND_CONFIG, read::share;
    Stale, "stale", "stale = \"10m\"", STORING_AND_CONFIG, read::lifetime;
    NoneTtl, "none_ttl", "none_ttl = \"30s\"", &[Cacheable], read::none_ttl;
    Tags, "tags", "tags = [\"products\"]", ALL, read::tags;
    Pattern, "pattern", "pattern = \"products:*\"", &[Evict], read::pattern;
    All, "all", "all", &[Evict], read::flag;
    When, "when", "when = \"after\"", &[Evict], read::when;
    Grace, "grace", "grace = \"2s\"", &[Evict, Config], read::lifetime;
    Consistency, "consistency", "consistency = \"bounded\"", &[Cacheable, Config], read::consistency;
    Version, "version", "version = ret.version", STORING, read::version;
    SingleFlight, "single_flight", "single_flight = \"cluster\"", &[Cacheable, Config], read::single_flight;
    Condition, "condition", "condition = id > 0", ALL, read::condition;
    Unless, "unless", "unless = |ret| ret.is_empty()", ALL, read::unless;
    OnError, "on_error", "on_error = \"propagate\"", ALL_AND_CONFIG, read::on_error;
    Timeout, "timeout", "timeout = \"50ms\"", ALL_AND_CONFIG, read::lifetime;
    Schema, "schema", "schema = 2", STORING_AND_CONFIG, read::number;
    Skip, "skip", "skip(trace)", &[Cacheable], read::skip;
    Crate, "crate", "crate = ::jollycache", ALL_AND_CONFIG, read::root;
}

/// The row of the option called `name`.
pub(super) fn find(name: &str) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| spec.name == name)
}
