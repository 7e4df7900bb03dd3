//! `SessionId`, which only the client may know, and `SessionHandle`, which everybody may.

use std::fmt::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// The bits of an id, in bytes. OWASP asks for 64 bits at least; 256 leave nothing to guess and nothing to collide.
const ID_BYTES: usize = 32;
/// The length of [`ID_BYTES`] in base64url (RFC 4648, section 5) without padding.
const ID_CHARS: usize = 43;

/// The secret that makes its bearer the session's owner: 256 random bits, for the cookie and for nothing else.
///
/// It is neither stored nor logged: keys, values and logs have its [`SessionHandle`]. `Debug` shows none of it, and its
/// memory is wiped when it is dropped.
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
    /// A new one, of the operating system's randomness.
    pub(super) fn random() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; ID_BYTES]);
        SysRng.try_fill_bytes(&mut *bytes).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the operating system gives no random bytes")
                .with_source(error)
        })?;
        Ok(SessionId::from_bytes(&bytes))
    }

    /// Reads what a client sent; `None` if it is no id at all. Whether there is such a session is another question.
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

    /// The id as the client is to have it: 43 characters of base64url. Put it into a cookie, and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What stands for the id wherever it can be seen.
    pub fn handle(&self) -> SessionHandle {
        self.handle
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(***)")
    }
}

/// The SHA-256 of a [`SessionId`]: names a session, and opens none.
///
/// All comparisons are of handles, so that the time they take says nothing of an id. As text it is 64 hexadecimal
/// digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionHandle([u8; 32]);

impl SessionHandle {
    pub(super) fn of(secret: &[u8]) -> Self {
        SessionHandle(Sha256::digest(secret).into())
    }

    /// Reads a handle's text, as a page that lists sessions sends it back.
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
    fn what_is_no_id_is_none() {
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
