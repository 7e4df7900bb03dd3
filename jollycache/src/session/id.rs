//! `SessionId`, the secret of the client, and `SessionHandle`, its public hash.

use std::fmt::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// The bytes of an id. OWASP requires at least 64 bits of entropy; with 256 neither guesses nor collisions are feasible.
const ID_BYTES: usize = 32;
/// The length of [`ID_BYTES`] in base64url (RFC 4648, section 5) without padding.
const ID_CHARS: usize = 43;

/// The bearer secret of a session: 256 random bits. It belongs in the cookie and nowhere else.
///
/// It is neither stored nor logged: keys, values and logs contain its [`SessionHandle`]. `Debug` shows none of it, and its
/// memory is zeroed on drop.
///
/// ```
/// use jollycache::session::SessionId;
///
/// assert!(SessionId::parse("not an id").is_none());
/// ```
#[derive(Clone)]
pub struct SessionId {
    text: Zeroizing<String>,
    handle: SessionHandle,
}

impl SessionId {
    /// A new id from the operating system's random number generator.
    pub(super) fn random() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; ID_BYTES]);
        SysRng.try_fill_bytes(&mut *bytes).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the operating system gives no random bytes")
                .with_source(error)
        })?;
        Ok(SessionId::from_bytes(&bytes))
    }

    /// Parses what a client sent; `None` if it is malformed. It does not check whether there is such a session.
    ///
    /// ```
    /// # use jollycache::session::SessionId;
    /// assert!(SessionId::parse(&"A".repeat(43)).is_some());
    /// assert!(SessionId::parse("not an id").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != ID_CHARS {
            return None;
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        Some(SessionId::from_bytes(bytes.as_slice().try_into().ok()?))
    }

    fn from_bytes(bytes: &[u8; ID_BYTES]) -> Self {
        let handle = SessionHandle::of(bytes);
        SessionId { text: Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes)), handle }
    }

    /// The text for the client's cookie: 43 characters of base64url.
    ///
    /// ```
    /// # use jollycache::session::SessionId;
    /// # let text = "A".repeat(43);
    /// let id = SessionId::parse(&text).expect("well-formed");
    /// assert_eq!(id.reveal(), text);
    /// ```
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The hash of the id, which is safe to show.
    ///
    /// ```
    /// # use jollycache::session::SessionId;
    /// # let id = SessionId::parse(&"A".repeat(43)).expect("well-formed");
    /// assert_eq!(id.handle().to_string().len(), 64);
    /// ```
    pub fn handle(&self) -> SessionHandle {
        self.handle
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(***)")
    }
}

/// The SHA-256 of a [`SessionId`]: it identifies a session, but gives no access to it.
///
/// Only handles are compared, so the time of a comparison discloses nothing about an id. As text it is 64 hexadecimal
/// digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionHandle([u8; 32]);

impl SessionHandle {
    pub(super) fn of(secret: &[u8]) -> Self {
        SessionHandle(Sha256::digest(secret).into())
    }

    /// Parses a handle's text, as a page that lists sessions sends it back.
    ///
    /// ```
    /// # use jollycache::session::SessionHandle;
    /// assert!(SessionHandle::parse(&"0f".repeat(32)).is_some());
    /// assert!(SessionHandle::parse("0f").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
        }
        Some(SessionHandle(bytes))
    }
}

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(64);
        self.0.iter().try_for_each(|byte| write!(text, "{byte:02x}"))?;
        f.write_str(&text)
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({self})")
    }
}

impl Serialize for SessionHandle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionHandle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        SessionHandle::parse(&text).ok_or_else(|| serde::de::Error::custom("expected 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_their_text_and_differ() {
        let (one, other) = (SessionId::random().unwrap(), SessionId::random().unwrap());
        assert_ne!(one.handle(), other.handle());
        assert_eq!(one.reveal().len(), ID_CHARS);
        assert_eq!(SessionId::parse(one.reveal()).unwrap().handle(), one.handle());
        assert_eq!(SessionHandle::parse(&one.handle().to_string()), Some(one.handle()));
    }

    #[test]
    fn malformed_texts_are_none() {
        let id = SessionId::random().unwrap();
        let text = id.reveal();
        let mut trailing_bits = text[..42].to_owned();
        // The last character holds four bits; one that sets the other two spells the same bytes differently.
        trailing_bits.push('B');
        let cases = [
            "",
            "*",
            &text[1..],
            &format!("{text}="),
            &format!("{text}A"),
            &trailing_bits,
            &"é".repeat(21),
            &"+".repeat(43),
            &"A".repeat(100_000),
            &format!("{}\n", &text[..42]),
        ];
        for case in cases {
            assert!(SessionId::parse(case).is_none(), "{case:.60}");
        }
        for case in ["", "x", &"é".repeat(32), &"0".repeat(63), &"g".repeat(64), &"+1".repeat(32)] {
            assert!(SessionHandle::parse(case).is_none(), "{case}");
        }
    }

    #[test]
    fn debug_shows_no_id() {
        let id = SessionId::random().unwrap();
        assert!(!format!("{id:?} {:?}", id.handle()).contains(id.reveal()));
    }
}
