//! `SessionCookie`: where the session's id is, in the browser.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::CookieJar;
use jollycache::session::SessionId;

/// The cookie's name where it goes over plain HTTP too.
const NAME: &str = "jollyjet_session";
/// The same where it does not: browsers take a name that begins so only with `Secure`, from the host itself and for all
/// of its paths, so that no neighbouring host can plant it (RFC 6265bis, section 4.1.3.2).
const SECURE_NAME: &str = "__Host-jollyjet_session";

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionCookie {
    lifetime: Duration,
    secure: bool,
}

impl SessionCookie {
    pub(super) fn new(lifetime: Duration, secure: bool) -> Self {
        SessionCookie { lifetime, secure }
    }

    /// The id that a request came with. Without a cookie this costs nothing.
    pub(super) fn id_of(self, headers: &HeaderMap) -> Option<SessionId> {
        if !headers.contains_key(COOKIE) {
            return None;
        }
        SessionId::parse(CookieJar::from_headers(headers).get(self.name())?.value())
    }

    /// Has the browser keep an id.
    pub(super) fn set(self, id: &SessionId) -> HeaderValue {
        self.header(id.reveal(), self.lifetime.as_secs())
    }

    /// Has the browser forget the id.
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
        // An id is base64url, so the text is always a header's; the other way is only for the compiler.
        let mut header = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}
