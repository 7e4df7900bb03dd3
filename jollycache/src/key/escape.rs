//! Percent-escaping (RFC 3986, section 2.1) with two alphabets: segments and literals.

use std::fmt::Write;

/// Bytes that need no escape anywhere: RFC 3986's "unreserved" without `~`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// Separators: they may stand in the text of a template, and are always escaped in a segment.
pub(crate) fn is_separator(byte: u8) -> bool {
    matches!(byte, b':' | b'/' | b'|' | b',' | b';' | b'=' | b'@' | b'&' | b'+' | b'!' | b'(' | b')' | b'~')
}

fn escape(text: &str, keep: impl Fn(u8) -> bool, out: &mut String) {
    for &byte in text.as_bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// Appends the text of a value: every separator is escaped.
pub(crate) fn escape_segment(text: &str, out: &mut String) {
    escape(text, is_plain, out);
}

/// Appends the text that an author wrote: separators keep their meaning.
pub(crate) fn escape_literal(text: &str, out: &mut String) {
    escape(text, |byte| is_plain(byte) || is_separator(byte), out);
}

/// Appends a pattern: as a literal, with `*` and `?` kept as wildcards.
pub(crate) fn escape_pattern(text: &str, out: &mut String) {
    escape(text, |byte| is_plain(byte) || is_separator(byte) || matches!(byte, b'*' | b'?'), out);
}
