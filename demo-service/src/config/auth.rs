//! The variables of the login and of sessions.

use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{MIN_SALT_LEN, Params};
use jollycache::session::EncryptionKey;

use super::duration::{self, Unit};
use super::reader::Reader;
use super::{Environment, Secret};

/// The hash of `demo-password`, by argon2id. The default in development only.
const DEMO_PASSWORD_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$7OhXLUIB34imBydgkK9FoQ$\
     KCXWFsHiGPjQgkwaxJHEgxL84rX+RGJ6EMq/OXcE9SU";
/// The maximum length of a user's name, in bytes.
const MAX_USERNAME_BYTES: usize = 64;
/// The maximum cost of checking one password: memory in KiB, passes over it, and lanes.
const MAX_HASH_COST: [(&str, u32); 3] = [("m", 262_144), ("t", 16), ("p", 16)];
/// The maximum lifetime of a session.
const MAX_SESSION: Duration = Duration::from_secs(24 * 30 * 60 * 60);

/// The demo's user, and the sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthConfig {
    /// The user's name. Default: `demo`.
    pub username: String,
    /// The user's password, hashed: a PHC string of argon2. Default, in development only: that of `demo-password`.
    pub password_hash: Secret,
    /// The lifetime of a session that is not used. Default: 30 minutes.
    pub idle: Duration,
    /// The maximum lifetime of a session. Default: 24 hours.
    pub absolute: Duration,
    /// The key that encrypts sessions, 32 bytes in base64. Default: none, sessions are not encrypted.
    pub encryption_key: Option<Secret>,
}

impl Reader<'_> {
    pub(super) fn auth(&mut self, environment: Environment) -> AuthConfig {
        let username = self.username();
        let password_hash = self.password_hash(environment);
        let idle = self.session_time("SESSION_IDLE", Duration::from_secs(30 * 60));
        let absolute = self.session_time("SESSION_ABSOLUTE", Duration::from_secs(24 * 60 * 60));
        if idle > absolute {
            self.mistake("SESSION_IDLE is longer than SESSION_ABSOLUTE".to_owned());
        }
        let key = self.value("SESSION_ENCRYPTION_KEY");
        let encryption_key = key.and_then(|key| {
            let checked = EncryptionKey::from_base64(&key).map(|_| Secret::new(key));
            self.noted("SESSION_ENCRYPTION_KEY", checked.map_err(|_| "expected 32 bytes in base64"))
        });
        AuthConfig { username, password_hash, idle, absolute, encryption_key }
    }

    fn username(&mut self) -> String {
        let expected = format!("1 to {MAX_USERNAME_BYTES} bytes without control characters");
        let username = self.checked("AUTH_USERNAME", &expected, |text| {
            let fits = text.len() <= MAX_USERNAME_BYTES && !text.contains(char::is_control);
            fits.then(|| text.to_owned())
        });
        username.unwrap_or_else(|| "demo".to_owned())
    }

    fn password_hash(&mut self, environment: Environment) -> Secret {
        match self.value("AUTH_PASSWORD_HASH") {
            Some(hash) => {
                let checked = check_hash(&hash).map(|()| Secret::new(hash));
                self.noted("AUTH_PASSWORD_HASH", checked)
            }
            None if environment == Environment::Development => {
                Some(Secret::new(DEMO_PASSWORD_HASH.to_owned()))
            }
            None => {
                self.mistake("AUTH_PASSWORD_HASH is not set: only development has a default".to_owned());
                None
            }
        }
        .unwrap_or_else(|| Secret::new(String::new()))
    }

    fn session_time(&mut self, name: &str, default: Duration) -> Duration {
        let expected = "a duration from 1s to 30d such as 1800 (seconds), 30m or 24h";
        let time = self.checked(name, expected, |text| {
            duration::parse(text, Unit::Seconds)
                .filter(|time| (Duration::from_secs(1)..=MAX_SESSION).contains(time))
        });
        time.unwrap_or(default)
    }
}

/// Checks that the hash is usable, and that its cost cannot exhaust the service.
fn check_hash(hash: &str) -> Result<(), &'static str> {
    let expected = "expected a PHC string of argon2, such as $argon2id$v=19$m=19456,t=2,p=1$…";
    let hash = PasswordHash::new(hash).map_err(|_| expected)?;
    if !matches!(hash.algorithm.as_str(), "argon2id" | "argon2i" | "argon2d") || hash.hash.is_none() {
        return Err(expected);
    }
    let is_bounded = MAX_HASH_COST
        .iter()
        .all(|(name, most)| hash.params.get_decimal(*name).is_some_and(|cost| cost <= *most));
    if !is_bounded {
        return Err("its cost is over m=262144,t=16,p=16");
    }
    // Else argon2 would reject the hash at each login.
    let is_usable =
        Params::try_from(&hash).is_ok() && hash.salt.as_ref().is_some_and(|salt| salt.len() >= MIN_SALT_LEN);
    if is_usable { Ok(()) } else { Err("argon2 rejects its parameters, or its salt") }
}
