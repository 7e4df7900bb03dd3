//! Waiting for a condition, with a bound that only a defect reaches.

use std::future::Future;
use std::time::Duration;

/// The bound on everything that must come at some time: only a defect reaches it.
pub const BOUND: Duration = Duration::from_secs(40);

/// What `future` brings.
///
/// # Panics
/// When it has not ended within [`BOUND`].
pub async fn bounded<F: Future>(what: &str, future: F) -> F::Output {
    let Ok(output) = tokio::time::timeout(BOUND, future).await else {
        panic!("{what}: not within {BOUND:?}")
    };
    output
}

/// Asks again and again until `condition` is true.
///
/// # Panics
/// When it has not been within [`BOUND`].
pub async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    bounded(what, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
