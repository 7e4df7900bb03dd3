//! Logging in and out, and who a request comes from.
//!
//! A session's id is in a cookie with `SameSite=Lax`, which browsers do not send with another site's `POST`; and a login
//! is read from a body of JSON only, which another site's form cannot send. Together they stand against requests that
//! another site has a browser make (CSRF).

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

/// Whose request it is: an extension of each request that comes with a valid session.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The user's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(***)")
    }
}

/// What logging in works on. A session holds nothing but whose it is.
#[derive(Debug)]
pub struct Auth {
    sessions: SessionService<()>,
    passwords: Passwords,
    cookie: SessionCookie,
}

impl Auth {
    /// One user, who logs in with a password that `password_hash` is of, a PHC string of argon2.
    ///
    /// Cookies live for `lifetime`. `secure` ones go over HTTPS only.
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
