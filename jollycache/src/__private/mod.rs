//! What the macros' expansions name. Not public API: it changes with the macros, which are pinned to it.
//!
//! An expansion is one `static` [`CallSite`] and one chain of calls:
//!
//! ```text
//! use jollycache::__private as __jollycache;
//! static SITE: CallSite = CallSite::new(|| {}).region("product").ttl_ms(1_800_000);
//! Return::<R>::NEW.kind().cacheable(&SITE)
//!     .key(|| Key::builder().literal("product:").part(&id))
//!     .load(move || boxed(async move { …the body… }))
//!     .await
//! ```

mod cacheable;
mod call;
mod call_site;
mod evict;
mod one_name;
mod put;
mod return_type;
mod sharing;

use std::future::Future;
use std::pin::Pin;

use crate::cache::Cache;

pub use std::any::type_name;
pub use std::boxed::Box;
pub use std::module_path;
pub use std::option::Option::Some;
pub use std::time::Duration;

pub use self::cacheable::Cacheable;
pub use self::call::Call;
pub use self::call_site::CallSite;
pub use self::evict::Evict;
pub use self::one_name::{List, ListAt, OneName, SingleName};
pub use self::put::Put;
pub use self::return_type::{OfKind, Return};
pub use self::sharing::Share;
pub use crate::cache::{
    Fallible, HoldsError, HoldsOption, Nested, Optional, OptionalResult, Plain, ReturnKind, Sharing, View,
};
pub use crate::entry::Version;
pub use crate::key::{Key, KeyBuilder, KeyPart, KeyWriter, Pattern, Segment};
pub use crate::policy::{Consistency, SingleFlight};

/// The future of an annotated function's body: boxed, so that the wrapper's own future stays small, and only when
/// the body runs.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// No `R`. An expansion returns it behind a condition that never holds, which sets the type of the body's own returns.
pub fn none<R>() -> Option<R> {
    None
}

/// The cache of `with`.
pub fn handle(cache: &Cache) -> Cache {
    cache.clone()
}

/// Boxes a body.
pub fn boxed<'a, R>(body: impl Future<Output = R> + Send + 'a) -> BoxFuture<'a, R> {
    Box::pin(body)
}
