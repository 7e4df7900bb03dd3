//! `CallStatusLayer`: what the calls inside a request did with the cache, in `Cache-Status`.

mod layer;
mod member;

pub use self::layer::{CallStatus, CallStatusLayer};
