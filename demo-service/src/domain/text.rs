//! Which texts a product may hold.

/// Whether a text can stand on one line: no control characters.
pub fn is_clean_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Whether a text is free of control characters, but for line breaks and tabs.
pub(super) fn is_clean_paragraph(text: &str) -> bool {
    text.chars().all(|char| !char.is_control() || matches!(char, '\n' | '\r' | '\t'))
}
