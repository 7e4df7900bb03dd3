//! `Pattern`: a glob over keys.

use std::fmt;

use super::builder::Key;
use super::escape::in_pattern;
use super::part::KeyPart;
use super::template::Template;

/// A glob over the keys of a namespace: `*` is any run of characters, `?` any one character.
///
/// Everything else is literal. Values put in by [`Pattern::part`] are escaped and cannot widen the pattern.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Pattern(Template);

impl Pattern {
    /// Every key.
    ///
    /// ```
    /// # use jollycache::{Key, Pattern};
    /// assert!(Pattern::all().matches(&Key::from("product:42")));
    /// ```
    pub fn all() -> Self {
        Pattern::from("*")
    }

    /// An empty pattern, to be extended.
    ///
    /// ```
    /// # use jollycache::Pattern;
    /// let pattern = Pattern::builder().literal("product:").part(&42).literal(":*");
    /// assert_eq!(pattern.as_str(), "product:42:*");
    /// ```
    pub fn builder() -> Self {
        Pattern::default()
    }

    /// A pattern over keys as they are listed, escaped already: `%` begins an escape. What no key can hold is escaped.
    #[cfg(feature = "admin")]
    pub(crate) fn over_listed(text: &str) -> Self {
        let mut pattern = Pattern::default();
        pattern.0.literal(text, |byte| in_pattern(byte) || matches!(byte, b'%' | b'#' | b'!'));
        pattern
    }

    /// Appends pattern text.
    ///
    /// ```
    /// # use jollycache::{Key, Pattern};
    /// let pattern = Pattern::builder().literal("product:4?");
    /// assert!(pattern.matches(&Key::from("product:42")));
    /// assert!(!pattern.matches(&Key::from("product:420")));
    /// ```
    #[must_use]
    pub fn literal(mut self, text: &str) -> Self {
        self.0.literal(text, in_pattern);
        self
    }

    /// Appends a value as one escaped segment.
    ///
    /// ```
    /// # use jollycache::{Key, Pattern};
    /// let pattern = Pattern::builder().literal("user:").part("*").literal(":*");
    /// assert!(!pattern.matches(&Key::from("user:alice:basket")), "a value is no wildcard");
    /// ```
    #[must_use]
    pub fn part<P: KeyPart + ?Sized>(mut self, value: &P) -> Self {
        self.0.part(value);
        self
    }

    /// Appends the hash of a value, as [`KeyBuilder::hash`](super::KeyBuilder::hash) does.
    ///
    /// ```
    /// # use jollycache::{Key, Pattern};
    /// let pattern = Pattern::builder().literal("user:").hash("alice@example.com").literal(":*");
    /// let key = Key::builder().literal("user:").hash("alice@example.com").literal(":basket").build();
    /// assert!(pattern.matches(&key));
    /// ```
    #[must_use]
    pub fn hash<P: KeyPart + ?Sized>(mut self, value: &P) -> Self {
        self.0.hash(value);
        self
    }

    /// The pattern's text, without the namespace.
    ///
    /// ```
    /// # use jollycache::Pattern;
    /// assert_eq!(Pattern::from("product:*").as_str(), "product:*");
    /// ```
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether `key` matches.
    ///
    /// ```
    /// # use jollycache::{Key, Pattern};
    /// assert!(Pattern::from("product:*").matches(&Key::from("product:42")));
    /// assert!(!Pattern::from("product:*").matches(&Key::from("order:42")));
    /// ```
    pub fn matches(&self, key: &Key) -> bool {
        glob_matches(self.as_str().as_bytes(), key.as_str().as_bytes())
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
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
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
