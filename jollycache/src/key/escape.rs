//! Percent-escaping (RFC 3986, section 2.1) with three alphabets: values, literals and patterns.

use std::fmt::Write;

/// Bytes that need no escape anywhere, and all that stands for itself in a value: RFC 3986's "unreserved" without `~`.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// What may stand in the text of a template: separators too. Not `!`: it stands for `None` alone, and beside an
/// `Option` the author's own could not be distinguished from it.
pub(super) fn in_literal(byte: u8) -> bool {
    is_plain(byte)
        || matches!(byte, b':' | b'/' | b'|' | b',' | b';' | b'=' | b'@' | b'&' | b'+' | b'(' | b')' | b'~')
}

/// What may stand in a pattern: wildcards too.
pub(super) fn in_pattern(byte: u8) -> bool {
    in_literal(byte) || matches!(byte, b'*' | b'?')
}

/// What `text` stands for; an escape that is none is left as it is.
pub(super) fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = text
            .get(at + 1..at + 3)
            .filter(|digits| bytes[at] == b'%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            plain.push(byte);
            at += 3;
        } else {
            plain.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Appends `text` with every byte escaped that `keep` does not take.
pub(super) fn escape(text: &str, keep: impl Fn(u8) -> bool, out: &mut String) {
    for &byte in text.as_bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
