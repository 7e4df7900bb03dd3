//! The digest that stands for text that is too long or too personal for a key.

use sha2::{Digest, Sha256};

/// How many digits [`push_digest`] writes.
pub(super) const DIGEST_DIGITS: usize = 32;

/// Appends the first 128 bits of the SHA-256 of `text`, in hexadecimal digits.
pub(super) fn push_digest(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in &Sha256::digest(text.as_bytes())[..DIGEST_DIGITS / 2] {
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
    }
}
