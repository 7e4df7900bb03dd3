//! `Keyring`: the encryption keys of sessions.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// Maximum bytes of a key's name, which each record contains.
const MAX_NAME_BYTES: usize = 32;

/// A key of 256 bits for XChaCha20-Poly1305. `Debug` shows none of them, and the memory is zeroed on drop.
#[derive(Clone)]
pub struct EncryptionKey(Zeroizing<[u8; 32]>);

impl EncryptionKey {
    /// A key of these bytes, which must be random; a password is not.
    ///
    /// ```
    /// # let bytes = [1; 32];
    /// let key = jollycache::session::EncryptionKey::new(bytes);
    /// # let _ = key;
    /// ```
    pub fn new(bytes: [u8; 32]) -> Self {
        EncryptionKey(Zeroizing::new(bytes))
    }

    /// Parses a key in base64, as `openssl rand -base64 32` prints it, or in base64url without padding.
    ///
    /// ```
    /// # use jollycache::session::EncryptionKey;
    /// assert!(EncryptionKey::from_base64(&"A".repeat(43)).is_ok());
    /// assert!(EncryptionKey::from_base64("hunter2").is_err());
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if it is not 32 bytes in that form. The error does not contain the text.
    pub fn from_base64(text: &str) -> Result<Self> {
        let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).map(Zeroizing::new);
        let key = bytes.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        key.map(EncryptionKey::new)
            .ok_or_else(|| Error::new(ErrorKind::Config, "an encryption key is 32 bytes in base64"))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey(***)")
    }
}

/// The current encryption key, and the old keys that still decrypt.
///
/// To rotate the key, make the new one current and keep the old one for the absolute lifetime of sessions. A record is
/// encrypted with the current key when it is updated or rotated. Removing an old key ends the sessions that are encrypted
/// with it.
///
/// ```
/// use jollycache::session::{EncryptionKey, Keyring};
///
/// # let (new, old) = ([1; 32], [2; 32]);
/// let keyring = Keyring::new("2026-02", EncryptionKey::new(new)).old("2026-01", EncryptionKey::new(old));
/// assert!(!format!("{keyring:?}").contains("1, 1"));
/// ```
#[derive(Debug, Clone)]
pub struct Keyring {
    /// The current key first.
    keys: Vec<(Box<str>, EncryptionKey)>,
}

impl Keyring {
    /// A keyring with a current key. Records contain its name: 1 to 32 ASCII letters, digits, `-`, `_`, `.`.
    ///
    /// ```
    /// # use jollycache::session::{EncryptionKey, Keyring};
    /// let keyring = Keyring::new("2026-02", EncryptionKey::new([1; 32]));
    /// # let _ = keyring;
    /// ```
    pub fn new(name: impl Into<String>, key: EncryptionKey) -> Self {
        Keyring { keys: vec![(name.into().into(), key)] }
    }

    /// Adds an old key, which decrypts only.
    ///
    /// ```
    /// # use jollycache::session::{EncryptionKey, Keyring};
    /// # let (new, old) = ([1; 32], [2; 32]);
    /// let keyring = Keyring::new("2026-02", EncryptionKey::new(new)).old("2026-01", EncryptionKey::new(old));
    /// # let _ = keyring;
    /// ```
    #[must_use]
    pub fn old(mut self, name: impl Into<String>, key: EncryptionKey) -> Self {
        self.keys.push((name.into().into(), key));
        self
    }

    /// The keys, the current one first, after a check of their names.
    pub(super) fn checked(self) -> Result<Vec<(Box<str>, EncryptionKey)>> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        for (at, (name, _)) in self.keys.iter().enumerate() {
            if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(allowed) {
                let expected = "ASCII letters, digits, '-', '_', '.'";
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("encryption key {name:?}: expected a name of 1 to {MAX_NAME_BYTES} {expected}"),
                ));
            }
            if self.keys[..at].iter().any(|(other, _)| other == name) {
                return Err(Error::new(ErrorKind::Config, format!("two encryption keys are named {name:?}")));
            }
        }
        Ok(self.keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_in_either_base64() {
        let bytes = [0xFB; 32];
        for text in [STANDARD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)] {
            assert_eq!(EncryptionKey::from_base64(&text).unwrap().bytes(), &bytes);
        }
        for text in ["", "hunter2", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33]), "é"] {
            let error = EncryptionKey::from_base64(text).unwrap_err();
            assert_eq!(error.to_string(), "an encryption key is 32 bytes in base64");
        }
    }

    #[test]
    fn names_are_plain_and_differ() {
        let key = || EncryptionKey::new([7; 32]);
        assert!(Keyring::new("a", key()).old("b", key()).checked().is_ok());
        for name in ["", "a b", "é", &"a".repeat(33)] {
            assert_eq!(Keyring::new(name, key()).checked().unwrap_err().kind(), ErrorKind::Config);
        }
        let twice = Keyring::new("a", key()).old("a", key()).checked().unwrap_err();
        assert_eq!(twice.to_string(), "two encryption keys are named \"a\"");
    }

    #[test]
    fn debug_shows_no_key() {
        let keyring = Keyring::new("a", EncryptionKey::new([237; 32]));
        assert!(!format!("{keyring:?}").contains("237"));
    }
}
