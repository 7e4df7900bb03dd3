//! `SessionCookie`: the cookie with the session's id.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::CookieJar;
use jollycache::session::SessionId;

/// The cookie's name where plain HTTP is allowed.
const NAME: &str = "jollyjet_session";
/// The cookie's name over HTTPS. Browsers accept a name with this prefix only with `Secure`, from the host itself and for
/// all of its paths, so that no sibling host can set it (RFC 6265bis, section 4.1.3.2).
const SECURE_NAME: &str = "__Host-jollyjet_session";

/// The attributes of the cookie.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionCookie {
    lifetime: Duration,
    secure: bool,
}

impl SessionCookie {
    pub(super) fn new(lifetime: Duration, secure: bool) -> Self {
        SessionCookie { lifetime, secure }
    }

    /// Returns the id that the request carries. Does not parse a request without cookies.
    pub(super) fn id_of(self, headers: &HeaderMap) -> Option<SessionId> {
        if !headers.contains_key(COOKIE) {
            return None;
        }
        SessionId::parse(CookieJar::from_headers(headers).get(self.name())?.value())
    }

    /// Returns the header that stores an id in the browser.
    pub(super) fn set(self, id: &SessionId) -> HeaderValue {
        self.header(id.reveal(), self.lifetime.as_secs())
    }

    /// Returns the header that removes the id from the browser.
    pub(super) fn clear(self) -> HeaderValue {
        self.header("", 0)
    }

    fn name(self) -> &'static str {
        if self.secure { SECURE_NAME } else { NAME }
    }

    fn header(self, value: &str, max_age: u64) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name();
        let text = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
        // An id is base64url, so the text is always valid in a header, and the fallback is never used.
        let mut header = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}
