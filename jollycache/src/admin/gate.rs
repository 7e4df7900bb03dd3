//! `Gate`: lets in who shows the token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::builder::Shared;
use super::reply::Failure;

/// Keeps the token's hash; hashes are compared, in constant time, so that neither length nor content of the token
/// shows in how long it takes.
pub(super) struct Gate {
    token_hash: Option<[u8; 32]>,
}

impl Gate {
    pub(super) fn new(token: Option<&str>) -> Self {
        Gate { token_hash: token.map(|token| Sha256::digest(token.as_bytes()).into()) }
    }

    /// Whether there is a token to show.
    pub(super) fn is_open(&self) -> bool {
        self.token_hash.is_some()
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        // 404 and not 401: nothing that a client could show would be let in, and whoever looks for admin pages learns
        // no more than where there is none.
        let expected = self.token_hash.ok_or_else(Failure::off)?;
        let shown = bearer(headers).ok_or_else(|| Failure::unauthorized(false))?;
        let hash: [u8; 32] = Sha256::digest(shown).into();
        if bool::from(hash.ct_eq(&expected)) {
            return Ok(());
        }
        tracing::warn!("a client showed a wrong admin token");
        Err(Failure::unauthorized(true))
    }
}

/// The token of RFC 6750, section 2.1. Two such headers are none.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?.as_bytes(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// A request that showed the token. Each handler that takes it asks for it.
pub(super) struct Authorized;

impl FromRequestParts<Arc<Shared>> for Authorized {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Failure> {
        shared.gate.check(&parts.headers).map(|()| Authorized)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, StatusCode};

    use super::*;

    fn status(gate: &Gate, values: &[&str]) -> Option<StatusCode> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).expect("a header"));
        }
        gate.check(&headers).err().map(|failure| failure.status())
    }

    #[test]
    fn only_the_token_is_let_in() {
        let gate = Gate::new(Some("0123456789abcdef"));
        for good in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef", "BEARER  0123456789abcdef"] {
            assert_eq!(status(&gate, &[good]), None, "{good}");
        }
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "0123456789abcdef",
            "Basic 0123456789abcdef",
            "Bearer 0123456789abcde",
            "Bearer 0123456789abcdeF",
            "Bearer 0123456789abcdef0",
            "Bearer 0123456789abcdef, x",
        ] {
            assert_eq!(status(&gate, &[bad]), Some(StatusCode::UNAUTHORIZED), "{bad}");
        }
        let good = "Bearer 0123456789abcdef";
        assert_eq!(status(&gate, &[]), Some(StatusCode::UNAUTHORIZED));
        assert_eq!(status(&gate, &[good, good]), Some(StatusCode::UNAUTHORIZED));
    }

    #[test]
    fn without_a_token_nothing_is_there() {
        let gate = Gate::new(None);
        for shown in ["Bearer ", "Bearer 0123456789abcdef"] {
            assert_eq!(status(&gate, &[shown]), Some(StatusCode::NOT_FOUND));
        }
    }
}
