//! What stands on a function stays on it.
#![deny(missing_docs, unused_must_use)]

/// A module.
pub mod inner {
    /// Documented.
    #[jollycache::cacheable(key = "a:{id}")]
    #[must_use = "kept"]
    #[deprecated = "kept"]
    #[inline]
    pub(crate) async fn annotated<T>(id: T) -> u32
    where
        T: jollycache::KeyPart + Into<u32> + Send,
    {
        id.into()
    }

    #[cfg(any())]
    #[jollycache::cacheable(key = "not even a template {")]
    pub(crate) async fn configured_out() {}
}

#[allow(deprecated)]
#[tokio::main]
async fn main() {
    assert_eq!(inner::annotated(1_u8).await, 1);
}
