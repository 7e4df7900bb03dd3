//! Layers for tower services.

mod cache;

pub use self::cache::{
    DEFAULT_MAX_BODY_BYTES, ResponseBody, ResponseCache, ResponseCacheLayer, ResponseCacheLayerBuilder, Route,
};
