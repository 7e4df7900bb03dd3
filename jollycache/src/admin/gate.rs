//! `Gate`: compares the bearer token of a request with the configured one.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::reply::Failure;

/// The hash of the configured token.
///
/// Hashes are compared, and in constant time, so that the duration of a check reveals neither the length nor the content
/// of the token.
pub(super) struct Gate {
    token_hash: Option<[u8; 32]>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No token is configured.
    Off,
    /// The request has no bearer token.
    Missing,
    /// The request has another token.
    Wrong,
}

impl Gate {
    pub(super) fn new(token: Option<&str>) -> Self {
        Gate { token_hash: token.map(|token| Sha256::digest(token.as_bytes()).into()) }
    }

    /// Whether a token is configured.
    pub(super) fn is_open(&self) -> bool {
        self.token_hash.is_some()
    }

    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let expected = self.token_hash.ok_or(Refusal::Off)?;
        let token = bearer(headers).ok_or(Refusal::Missing)?;
        let hash: [u8; 32] = Sha256::digest(token).into();
        if bool::from(hash.ct_eq(&expected)) { Ok(()) } else { Err(Refusal::Wrong) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // Not 401: no token would be accepted, and a scan for admin pages finds the same as where there is none.
            Refusal::Off => Failure::off(),
            Refusal::Missing => Failure::unauthorized(false),
            Refusal::Wrong => Failure::unauthorized(true),
        }
    }
}

/// The token of RFC 6750, section 2.1; `None` where the header is repeated, since either could be the forged one.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?.as_bytes(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
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
        gate.check(&headers).err().map(|refusal| Failure::from(refusal).status())
    }

    #[test]
    fn only_the_token_is_accepted() {
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
    fn without_a_configured_token_every_request_is_not_found() {
        let gate = Gate::new(None);
        for shown in ["Bearer ", "Bearer 0123456789abcdef"] {
            assert_eq!(status(&gate, &[shown]), Some(StatusCode::NOT_FOUND));
        }
    }
}
