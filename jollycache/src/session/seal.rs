//! `Sealer`: encryption of stored texts by XChaCha20-Poly1305 (RFC 8439, with the nonce of 192 bits of
//! draft-irtf-cfrg-xchacha-03, which is long enough to be random).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};

use super::keyring::{EncryptionKey, Keyring};
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;

const NONCE_BYTES: usize = 24;

/// A text as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Sealed {
    /// The name of the encryption key; `None` for plain text.
    key: Option<String>,
    /// The plain text, or the nonce and the ciphertext in base64.
    text: String,
}

/// Encrypts and decrypts texts.
pub(super) struct Sealer {
    /// The current key first; without keys, texts are not encrypted.
    ciphers: Vec<(Box<str>, XChaCha20Poly1305)>,
}

impl Sealer {
    pub(super) fn new(keyring: Option<Keyring>) -> Result<Self> {
        let keys = keyring.map_or(Ok(Vec::new()), Keyring::checked)?;
        let cipher =
            |(name, key): (Box<str>, EncryptionKey)| (name, XChaCha20Poly1305::new(key.bytes().into()));
        Ok(Sealer { ciphers: keys.into_iter().map(cipher).collect() })
    }

    /// Encrypts a text for one key of the backend. Under another key it does not decrypt, so records cannot be swapped.
    pub(super) fn seal(&self, place: &StoredKey, text: String) -> Result<Sealed> {
        let Some((name, cipher)) = self.ciphers.first() else { return Ok(Sealed { key: None, text }) };
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: text.as_bytes(), aad: place.as_str().as_bytes() };
        let encrypted = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::new(ErrorKind::Encode, "a session cannot be encrypted"))?;
        let text = STANDARD_NO_PAD.encode([nonce.as_slice(), &encrypted].concat());
        Ok(Sealed { key: Some(name.to_string()), text })
    }

    /// Decrypts a text that was encrypted for this key of the backend. `None` if it was not, if its encryption key is not
    /// on the ring, and for plain text if there are keys: an attacker who can write to the backend must not be able to
    /// forge sessions.
    pub(super) fn open(&self, place: &StoredKey, sealed: Sealed) -> Option<String> {
        let Some(name) = sealed.key else { return self.ciphers.is_empty().then_some(sealed.text) };
        let (_, cipher) = self.ciphers.iter().find(|(known, _)| **known == *name)?;
        let bytes = STANDARD_NO_PAD.decode(sealed.text).ok()?;
        let (nonce, encrypted) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: encrypted, aad: place.as_str().as_bytes() };
        String::from_utf8(cipher.decrypt(&XNonce::from(*nonce), payload).ok()?).ok()
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ciphers.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(names: &[(&str, u8)]) -> Sealer {
        let keys = names.iter().map(|(name, byte)| (*name, EncryptionKey::new([*byte; 32])));
        let ring = keys.fold(None, |ring: Option<Keyring>, (name, key)| {
            Some(ring.map_or_else(|| Keyring::new(name, key.clone()), |ring| ring.old(name, key.clone())))
        });
        Sealer::new(ring).unwrap()
    }

    fn place(name: &str) -> StoredKey {
        StoredKey::found(name)
    }

    #[test]
    fn a_text_decrypts_with_its_key_in_its_place_only() {
        let old = sealer(&[("a", 1)]);
        let seal = || old.seal(&place("x"), "secret".to_owned()).unwrap();
        assert!(!seal().text.contains("secret"));
        assert_ne!(seal().text, seal().text, "a nonce was repeated");
        let opened = |sealer: &Sealer, at: &str| sealer.open(&place(at), seal());
        assert_eq!(opened(&old, "x").as_deref(), Some("secret"));
        assert_eq!(opened(&sealer(&[("b", 2), ("a", 1)]), "x").as_deref(), Some("secret"), "rotated");
        assert_eq!(opened(&old, "y"), None, "moved");
        assert_eq!(opened(&sealer(&[("a", 2)]), "x"), None, "wrong key of that name");
        assert_eq!(opened(&sealer(&[("b", 1)]), "x"), None, "no key of that name");
        assert_eq!(opened(&sealer(&[]), "x"), None, "no key");
    }

    #[test]
    fn a_changed_text_does_not_decrypt() {
        let sealer = sealer(&[("a", 1)]);
        let Sealed { text, .. } = sealer.seal(&place("x"), "secret".to_owned()).unwrap();
        let bytes = STANDARD_NO_PAD.decode(text).unwrap();
        let open = |bytes: &[u8]| {
            let text = STANDARD_NO_PAD.encode(bytes);
            sealer.open(&place("x"), Sealed { key: Some("a".to_owned()), text })
        };
        assert_eq!(open(&bytes).as_deref(), Some("secret"));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(open(&changed), None, "byte {at}");
            assert_eq!(open(&bytes[..at]), None, "cut to {at}");
        }
        let garbage = Sealed { key: Some("a".to_owned()), text: "*".to_owned() };
        assert_eq!(sealer.open(&place("x"), garbage), None);
    }

    #[test]
    fn plain_text_is_refused_where_there_are_keys() {
        let open = sealer(&[]).seal(&place("x"), "plain".to_owned()).unwrap();
        assert_eq!(sealer(&[("a", 1)]).open(&place("x"), open), None);
        let open = sealer(&[]).seal(&place("x"), "plain".to_owned()).unwrap();
        assert_eq!(sealer(&[]).open(&place("x"), open).as_deref(), Some("plain"));
    }
}
