//! The response cache: [`ResponseCacheLayer`]. [The guide](crate::docs::http) has its rules.
//!
//! A request is planned (`request.rs`), looked up (`lookup.rs`), and answered from the stored response (`answer.rs`) or
//! forwarded to the service (`origin.rs`). The service's response is received (`receive.rs`), checked for storability
//! (`storability.rs`) and stored (`store.rs`) under the lease that the engine granted. Only `service.rs`, `origin.rs`,
//! `receive.rs`, `answer.rs` and `body.rs` are generic over the service or its bodies.

mod answer;
mod background;
mod body;
mod builder;
mod conditions;
mod dates;
mod directives;
mod fields;
mod freshness;
#[cfg(feature = "admin")]
mod inspect;
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
mod storability;
mod store;
mod targeted;
mod template;
mod validate;
mod vary;

pub use self::body::ResponseBody;
pub use self::builder::{DEFAULT_MAX_BODY_BYTES, ResponseCacheLayerBuilder};
#[cfg(feature = "admin")]
pub(crate) use self::inspect::inspect;
pub use self::layer::ResponseCacheLayer;
pub use self::route::Route;
pub use self::service::ResponseCache;
