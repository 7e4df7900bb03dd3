//! Percent-escaping (RFC 3986, section 2.1) with three alphabets: values, literals and patterns.

use std::fmt::Write;

/// Bytes that need no escape anywhere, and all that stands for itself in a value: RFC 3986's "unreserved" without `~`.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// What may stand in the text of a template: separators too. Not `!`: it stands for `None` alone, and beside an
/// `Option` the author's own could not be told from it.
pub(super) fn in_literal(byte: u8) -> bool {
    is_plain(byte)
        || matches!(byte, b':' | b'/' | b'|' | b',' | b';' | b'=' | b'@' | b'&' | b'+' | b'(' | b')' | b'~')
}

/// What may stand in a pattern: wildcards too.
pub(super) fn in_pattern(byte: u8) -> bool {
    in_literal(byte) || matches!(byte, b'*' | b'?')
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
