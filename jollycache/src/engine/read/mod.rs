//! Reading: a hit with one call to the store, and all that can happen on a miss.

mod fetch;
mod found;
mod lead;
mod lease;
mod load_guard;
mod loading;
mod lookup;
mod many;
mod miss;
#[cfg(feature = "http")]
mod probe;
mod update;

pub(crate) use self::found::Found;
pub(crate) use self::load_guard::{FillOutcome, LoadGuard, LoadPermission, ToStore};
pub(crate) use self::lookup::{Lookup, LookupSpec};
pub(super) use self::update::UpdateLease;
