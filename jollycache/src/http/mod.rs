//! Layers for tower services.

mod cache;
mod call_status;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
mod response_time;

pub use self::cache::{
    DEFAULT_MAX_BODY_BYTES, ResponseBody, ResponseCache, ResponseCacheLayer, ResponseCacheLayerBuilder, Route,
};
pub use self::call_status::{CallStatus, CallStatusLayer};
pub use self::response_time::{ResponseTime, ResponseTimeLayer, X_RESPONSE_TIME};
