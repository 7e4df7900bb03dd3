//! The guides of the repository's `docs/` folder, as modules, so that they are read, linked and tested with the code.
//!
//! They exist in the documentation only.

/// A guide's text. The first definition of a link counts: here links lead to the guides' modules, elsewhere to their files.
macro_rules! guide {
    ($path:literal) => {
        concat!(
            "[docs/admin.md]: crate::docs::admin\n",
            "[docs/http.md]: crate::docs::http\n",
            "[docs/keys.md]: crate::docs::keys\n",
            "[docs/metrics.md]: crate::docs::metrics\n",
            "[docs/operations.md]: crate::docs::operations\n",
            "[docs/performance.md]: crate::docs::performance\n",
            "[docs/rate-limits.md]: crate::docs::rate_limits\n",
            "[docs/semantics.md]: crate::docs::semantics\n",
            "[docs/sessions.md]: crate::docs::sessions\n",
            "\n",
            include_str!($path)
        )
    };
}

#[doc = guide!("../guides/semantics.md")]
pub mod semantics {}

#[doc = guide!("../guides/keys.md")]
pub mod keys {}

#[doc = guide!("../guides/operations.md")]
pub mod operations {}

#[doc = guide!("../guides/performance.md")]
pub mod performance {}

#[cfg(all(feature = "http", feature = "axum"))]
#[doc = guide!("../guides/http.md")]
pub mod http {}

#[cfg(feature = "rate-limit")]
#[doc = guide!("../guides/rate-limits.md")]
pub mod rate_limits {}

#[cfg(feature = "tower-sessions")]
#[doc = guide!("../guides/sessions.md")]
pub mod sessions {}

#[cfg(feature = "metrics")]
#[doc = guide!("../guides/metrics.md")]
pub mod metrics {}

#[cfg(feature = "admin")]
#[doc = guide!("../guides/admin.md")]
pub mod admin {}
