//! `Pattern`: a glob over keys.

use std::fmt;

use super::builder::{Key, KeyBuilder};
use super::escape::escape_pattern;
use super::part::{KeyPart, KeyWriter};

/// A glob over the keys of a namespace: `*` is any run of characters, `?` any one character.
///
/// Everything else is literal. Values put in by [`Pattern::part`] are escaped and cannot widen the pattern.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Pattern(String);

impl Pattern {
    /// Every key.
    pub fn all() -> Self {
        Pattern("*".to_owned())
    }

    /// An empty pattern, to be extended.
    pub fn builder() -> Self {
        Pattern::default()
    }

    /// Appends pattern text.
    #[must_use]
    pub fn literal(mut self, text: &str) -> Self {
        escape_pattern(text, &mut self.0);
        self
    }

    /// Appends a value as one escaped segment.
    #[must_use]
    pub fn part<P: KeyPart + ?Sized>(mut self, value: &P) -> Self {
        value.write_key(&mut KeyWriter::new(&mut self.0));
        self
    }

    /// Appends the hash of a value, as [`KeyBuilder::hash`] does.
    #[must_use]
    pub fn hash<P: KeyPart + ?Sized>(mut self, value: &P) -> Self {
        self.0.push_str(KeyBuilder::default().hash(value).build().as_str());
        self
    }

    /// The pattern's text, without the namespace.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `key` matches.
    pub fn matches(&self, key: &Key) -> bool {
        glob_matches(self.0.as_bytes(), key.as_str().as_bytes())
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Pattern::default().literal(text)
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Pattern::from(text.as_str())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.0)
    }
}

/// Greedy matching with one point of return: linear in practice, `O(pattern * text)` at worst, no recursion.
pub(crate) fn glob_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    p = after_star;
                    t = from + 1;
                    retry = Some((after_star, t));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}
