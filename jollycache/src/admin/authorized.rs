//! `Authorized`: the extractor of handlers that need the token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::gate::Refusal;
use super::reply::Failure;
use super::state::Shared;
use crate::clock;

/// A request with the right token. A handler that takes it answers no other request.
pub(super) struct Authorized;

impl FromRequestParts<Arc<Shared>> for Authorized {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Failure> {
        shared.gate.check(&parts.headers).map(|()| Authorized).map_err(|refusal| {
            if refusal == Refusal::Wrong {
                warn_of_wrong_token(shared);
            }
            refusal.into()
        })
    }
}

/// Logged at a limited rate: anybody can send wrong tokens, and must not be able to fill the log with them.
fn warn_of_wrong_token(shared: &Shared) {
    let warnings = &shared.cache.engine.store.warnings;
    if let Some(suppressed) = warnings.admit("admin", "wrong token", clock::now()) {
        tracing::warn!(suppressed, "a request to the admin API has a wrong token");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::Request;
    use axum::http::header::AUTHORIZATION;

    use super::*;
    use crate::admin::Admin;
    use crate::{Cache, MemoryBackend};

    #[tokio::test]
    async fn many_wrong_tokens_are_one_warning_with_the_number_of_the_others() {
        let cache = Cache::builder().namespace("t").backend(MemoryBackend::new()).build().expect("a cache");
        let admin = Admin::builder(&cache).token("0123456789abcdef").build().expect("an admin");
        for _ in 0..100 {
            let request = Request::get("/").header(AUTHORIZATION, "Bearer 0123456789abcdeF");
            let (mut parts, ()) = request.body(()).expect("a request").into_parts();
            assert!(Authorized::from_request_parts(&mut parts, &admin.shared).await.is_err());
        }
        let later = clock::now() + Duration::from_secs(10);
        assert_eq!(cache.engine.store.warnings.admit("admin", "wrong token", later), Some(99));
    }
}
