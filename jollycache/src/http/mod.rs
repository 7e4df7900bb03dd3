//! Layers for tower services: a response cache, rate limits, and reports of cached calls.

mod cache;
mod call_status;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
mod response_time;

#[cfg(feature = "admin")]
pub(crate) use self::cache::inspect;
pub use self::cache::{
    DEFAULT_MAX_BODY_BYTES, ResponseBody, ResponseCache, ResponseCacheLayer, ResponseCacheLayerBuilder, Route,
};
pub use self::call_status::{CallStatus, CallStatusLayer};
pub use self::response_time::{ResponseTime, ResponseTimeLayer, X_RESPONSE_TIME};
