//! `Key` and `Tag`, and the builder that both macros and hand-written code use.

use std::fmt;

use super::digest::{DIGEST_DIGITS, push_digest};
use super::escape::{in_literal, unescape};
use super::part::{KeyPart, KeyWriter};
use super::template::Template;

/// The longest tag that is stored as it stands, in bytes; entries carry their tags' names.
pub const MAX_TAG_BYTES: usize = 128;

/// A cache key inside its namespace, already escaped.
///
/// A string literal becomes a key as it stands; its separators (`:` and the like) keep their meaning and other odd
/// characters are escaped. Values from outside go through [`KeyBuilder::part`].
///
/// ```
/// use jollycache::Key;
///
/// assert_eq!(Key::from("product:42").as_str(), "product:42");
/// let id = "1:details*";
/// let key = Key::builder().literal("product:").part(&id).build();
/// assert_eq!(key.as_str(), "product:1%3Adetails%2A");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Box<str>);

impl Key {
    /// Starts an empty key.
    ///
    /// ```
    /// # use jollycache::Key;
    /// let key = Key::builder().literal("product:").part(&42).build();
    /// assert_eq!(key.as_str(), "product:42");
    /// ```
    pub fn builder() -> KeyBuilder {
        KeyBuilder::default()
    }

    /// The escaped text, without the namespace.
    ///
    /// ```
    /// # use jollycache::Key;
    /// assert_eq!(Key::from("price in €").as_str(), "price%20in%20%E2%82%AC");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands between the `:` of the key, unescaped: a value that was put in by [`KeyBuilder::part`] as a segment
    /// of its own comes back as its text.
    ///
    /// ```
    /// use jollycache::Key;
    ///
    /// let key = Key::builder().literal("product:").part("1:details").literal(":reviews").build();
    /// assert_eq!(key.segments().collect::<Vec<_>>(), ["product", "1:details", "reviews"]);
    /// ```
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = String> + '_ {
        self.0.split(':').map(unescape)
    }

    /// A name as it is copied from a list of keys, escaped already and perhaps cut; `None` for what no list shows:
    /// a reserved name, and one with spaces or control characters.
    #[cfg(feature = "admin")]
    pub(crate) fn listed(text: &str) -> Option<Self> {
        is_listed(text).then(|| Key(text.into()))
    }

    /// A key that a store holds, escaped already; `None` for one that was cut because it was too long.
    pub(crate) fn found(text: &str) -> Option<Self> {
        (!text.contains('#')).then(|| Key(text.into()))
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Key::builder().literal(text).build()
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Key::from(text.as_str())
    }
}

impl From<&String> for Key {
    fn from(text: &String) -> Self {
        Key::from(text.as_str())
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0)
    }
}

/// A group of entries that one call invalidates, whatever their number.
///
/// Built like a [`Key`], and of the same grammar.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Box<str>);

impl Tag {
    /// The escaped text, without the namespace.
    ///
    /// ```
    /// # use jollycache::Tag;
    /// assert_eq!(Tag::from("category:tea").as_str(), "category:tea");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "admin")]
impl Tag {
    /// As [`Key::listed`].
    pub(crate) fn listed(text: &str) -> Option<Self> {
        (is_listed(text) && text.len() <= MAX_TAG_BYTES).then(|| Tag(text.into()))
    }
}

#[cfg(feature = "admin")]
fn is_listed(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('#') && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl<T: Into<Key>> From<T> for Tag {
    fn from(text: T) -> Self {
        let Key(text) = text.into();
        if text.len() <= MAX_TAG_BYTES {
            return Tag(text);
        }
        // As for a long key: readable in front, and `#`, which no shorter tag can hold, before the hash.
        let mut cut = text[..MAX_TAG_BYTES - DIGEST_DIGITS - 1].to_owned();
        cut.push('#');
        push_digest(&text, &mut cut);
        Tag(cut.into_boxed_str())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({})", self.0)
    }
}

/// Builds a [`Key`] (or [`Tag`]) from literal text and values.
///
/// The same literals with other values make another key, always: where no separator stands between two values, a
/// `~` is put there.
#[derive(Debug, Clone, Default)]
pub struct KeyBuilder(Template);

impl KeyBuilder {
    /// Appends text of the author's own; separators in it structure the key.
    ///
    /// ```
    /// # use jollycache::Key;
    /// let key = Key::builder().literal("product:").part(&42).literal(":reviews").build();
    /// assert_eq!(key.as_str(), "product:42:reviews");
    /// ```
    #[must_use]
    pub fn literal(mut self, text: &str) -> Self {
        self.0.literal(text, in_literal);
        self
    }

    /// Appends a value as one escaped segment.
    ///
    /// ```
    /// # use jollycache::Key;
    /// let key = Key::builder().literal("user:").part("a:b*").literal(":").part(&(1, true)).build();
    /// assert_eq!(key.as_str(), "user:a%3Ab%2A:(1,true,)");
    /// ```
    #[must_use]
    pub fn part<P: KeyPart + ?Sized>(mut self, value: &P) -> Self {
        self.0.part(value);
        self
    }

    /// Appends the SHA-256 of a value, cut to 128 bits: for personal data, and for long values.
    ///
    /// The digest hides the value from a reader of the keys, but a value that can be guessed can be verified.
    ///
    /// ```
    /// # use jollycache::Key;
    /// let key = Key::builder().literal("user:").hash("alice@example.com").build();
    /// assert_eq!(key.as_str().len(), "user:".len() + 32);
    /// ```
    #[must_use]
    pub fn hash<P: KeyPart + ?Sized>(mut self, value: &P) -> Self {
        self.0.hash(value);
        self
    }

    /// Finishes the key.
    ///
    /// ```
    /// # use jollycache::Key;
    /// let built = Key::builder().literal("product:").part(&42).build();
    /// assert_eq!(built, Key::from("product:42"));
    /// ```
    pub fn build(self) -> Key {
        Key(self.0.into_text())
    }
}

impl From<KeyBuilder> for Key {
    fn from(builder: KeyBuilder) -> Self {
        builder.build()
    }
}

/// A value rendered once, to be put into a key later, when the value itself is gone.
///
/// The macros use it where a template mixes arguments with the returned value.
#[derive(Debug, Clone)]
pub struct Segment(Box<str>);

impl Segment {
    /// Renders `value`.
    pub fn new<P: KeyPart + ?Sized>(value: &P) -> Self {
        Segment(Key::builder().part(value).build().0)
    }

    /// Renders the hash of `value`, as [`KeyBuilder::hash`] does.
    pub fn hashed<P: KeyPart + ?Sized>(value: &P) -> Self {
        Segment(Key::builder().hash(value).build().0)
    }
}

impl KeyPart for Segment {
    fn write_key(&self, out: &mut KeyWriter<'_>) {
        out.raw(&self.0);
    }
}
