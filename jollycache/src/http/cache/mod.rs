//! The response cache: [`ResponseCacheLayer`]. docs/http.md says what it does with which request.
//!
//! A request is planned (`request.rs`), looked up (`lookup.rs`), and answered from what is stored (`answer.rs`) or by
//! the service (`origin.rs`), whose response is judged (`verdict.rs`) and stored (`keep.rs`) under the lease that the
//! engine gave. What is generic over the service and its bodies is in `service.rs`, `origin.rs` and `body.rs` alone.

mod answer;
mod background;
mod body;
mod builder;
mod conditions;
mod dates;
mod directives;
mod fields;
mod freshness;
mod keep;
mod layer;
mod lookup;
mod origin;
mod query;
mod receive;
mod record;
mod request;
mod route;
mod service;
mod settings;
mod status;
mod targeted;
mod template;
mod vary;
mod verdict;

pub use self::body::ResponseBody;
pub use self::builder::{DEFAULT_MAX_BODY_BYTES, ResponseCacheLayerBuilder};
pub use self::layer::ResponseCacheLayer;
pub use self::route::Route;
pub use self::service::ResponseCache;
