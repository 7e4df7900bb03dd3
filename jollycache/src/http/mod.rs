//! Layers for tower services.

mod call_status;
mod response_time;

pub use self::call_status::{CallStatus, CallStatusLayer};
pub use self::response_time::{ResponseTime, ResponseTimeLayer, X_RESPONSE_TIME};
