//! Login, logout, and the user of a request.
//!
//! A session's id is in a cookie with `SameSite=Lax`, which browsers do not send with another site's `POST`; and a login
//! is read from a JSON body only, which another site's form cannot send. Together they prevent cross-site request forgery
//! (CSRF).

mod body;
mod cookie;
mod password;
mod routes;
mod visitor;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jollycache::session::SessionService;

use self::cookie::SessionCookie;
use self::password::Passwords;
pub(super) use self::routes::router;
pub(super) use self::visitor::identify;

/// The user of a request: an extension of each request with a valid session.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Returns the user's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(***)")
    }
}

/// The sessions and passwords of the login. A session stores nothing but its user.
#[derive(Debug)]
pub struct Auth {
    sessions: SessionService<()>,
    passwords: Passwords,
    cookie: SessionCookie,
}

impl Auth {
    /// Creates the login of one user. `password_hash` is a PHC string of argon2.
    ///
    /// Cookies live for `lifetime`. `secure` cookies are sent over HTTPS only.
    pub fn new(
        sessions: SessionService<()>,
        username: &str,
        password_hash: &str,
        lifetime: Duration,
        secure: bool,
    ) -> Self {
        Auth {
            sessions,
            passwords: Passwords::new(username, password_hash),
            cookie: SessionCookie::new(lifetime, secure),
        }
    }
}
