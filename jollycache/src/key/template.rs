//! `Template`: text under construction, from the author's literals and the values between them.

use super::digest::push_digest;
use super::escape::{escape, is_plain};
use super::part::{KeyPart, KeyWriter};

/// Written between two values that no separator parts: without it, `{a}-{b}` would be one text for `("x-y", "z")`
/// and `("x", "y-z")`. No value's own text holds it.
const JOINT: char = '~';

/// The text so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Template {
    text: String,
    /// Whether a value was written, and no separator since.
    open: bool,
}

impl Template {
    /// Appends literal text, escaped but for what `keep` takes; what it takes beyond plain bytes are separators.
    pub(super) fn literal(&mut self, text: &str, keep: fn(u8) -> bool) {
        escape(text, keep, &mut self.text);
        if text.bytes().any(|byte| keep(byte) && !is_plain(byte)) {
            self.open = false;
        }
    }

    /// Appends a value.
    pub(super) fn part<P: KeyPart + ?Sized>(&mut self, value: &P) {
        self.join();
        value.write_key(&mut KeyWriter::new(&mut self.text));
    }

    /// Appends a value's digest.
    pub(super) fn hash<P: KeyPart + ?Sized>(&mut self, value: &P) {
        self.join();
        let mut plain = String::new();
        value.write_key(&mut KeyWriter::new(&mut plain));
        push_digest(&plain, &mut self.text);
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn into_text(self) -> Box<str> {
        self.text.into_boxed_str()
    }

    fn join(&mut self) {
        if self.open {
            self.text.push(JOINT);
        }
        self.open = true;
    }
}

/// Only the text counts: what is open matters only to the next value.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Template {}
