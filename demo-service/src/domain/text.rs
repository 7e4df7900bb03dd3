//! The characters that texts of a product may have.

/// Returns whether a text is one line: it has no control characters.
pub fn is_clean_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Returns whether a text has no control characters other than line breaks and tabs.
pub(super) fn is_clean_paragraph(text: &str) -> bool {
    text.chars().all(|char| !char.is_control() || matches!(char, '\n' | '\r' | '\t'))
}
