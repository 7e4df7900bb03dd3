//! Reading: a hit with one call to the store, and all that can happen on a miss. Each file extends [`Reader`].

mod fetch;
mod fetch_many;
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
mod reader;
mod update;

pub(crate) use self::found::Found;
pub(crate) use self::load_guard::{FillOutcome, LoadGuard, LoadPermission, LoadResult};
pub(crate) use self::loading::Loading;
pub(crate) use self::lookup::{Lookup, LookupSpec};
pub(crate) use self::reader::{BatchReader, Reader};
pub(super) use self::update::UpdateLease;
