//! `CallStatusLayer`: the outcomes of the cached calls inside a request, in `Cache-Status`.

mod layer;
mod member;

pub use self::layer::{CallStatus, CallStatusLayer};
