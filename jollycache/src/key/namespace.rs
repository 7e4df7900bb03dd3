//! `Namespace`: the prefix of an application's keys, and the one place where a stored name is built.

use std::fmt;
use std::sync::Arc;

use super::builder::{Key, Tag};
use super::digest::{DIGEST_DIGITS, push_digest};
use super::pattern::Pattern;
use crate::error::{Error, ErrorKind};

/// The longest namespace, in bytes.
pub const MAX_NAMESPACE_BYTES: usize = 64;
/// The longest key that is stored as it stands, in bytes, with its namespace. A longer one keeps a readable
/// prefix and ends in a 128-bit hash of the whole.
pub const MAX_STORED_KEY_BYTES: usize = 512;

/// What sets the reserved names (tag ids, counters, locks, rates) apart from keys: `#` is escaped in every key.
const RESERVED: char = '#';

/// The prefix that all names of one application in one environment share, such as `jollyjet:dev`.
///
/// Two caches with one namespace on one server share their entries. Two namespaces never meet, unless one is the
/// other's beginning: `shop` holds all of `shop:dev`, and flushing it flushes both.
#[derive(Clone, PartialEq, Eq)]
pub struct Namespace(Arc<str>);

impl Namespace {
    /// Checks and takes a namespace.
    ///
    /// ```
    /// # use jollycache::Namespace;
    /// assert!(Namespace::new("jollyjet:dev").is_ok());
    /// assert!(Namespace::new("jolly jet").is_err());
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] unless it is 1 to 64 bytes of ASCII letters, digits, `-`, `_`, `.` and single `:`
    /// between them.
    pub fn new(name: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let well_formed = name.split(':').all(|part| !part.is_empty() && part.bytes().all(allowed));
        if !well_formed || name.len() > MAX_NAMESPACE_BYTES {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "namespace {name:?}: expected 1 to {MAX_NAMESPACE_BYTES} bytes of ASCII letters, digits, \
                     '-', '_', '.', with single ':' between parts"
                ),
            ));
        }
        Ok(Namespace(name.into()))
    }

    /// The namespace as given.
    ///
    /// ```
    /// # use jollycache::Namespace;
    /// assert_eq!(Namespace::new("jollyjet:dev")?.as_str(), "jollyjet:dev");
    /// # Ok::<_, jollycache::Error>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn key(&self, key: &Key) -> StoredKey {
        self.stored("", key.as_str())
    }

    pub(crate) fn tag(&self, tag: &Tag) -> StoredKey {
        self.tag_name(tag.as_str())
    }

    /// As [`Namespace::tag`], from the name that an entry holds.
    pub(crate) fn tag_name(&self, name: &str) -> StoredKey {
        self.stored("#tag:", name)
    }

    pub(crate) fn counter(&self, key: &Key) -> StoredKey {
        self.stored("#counter:", key.as_str())
    }

    pub(crate) fn lock(&self, key: &Key) -> StoredKey {
        self.stored("#lock:", key.as_str())
    }

    #[cfg(feature = "rate-limit")]
    pub(crate) fn rate(&self, key: &Key) -> StoredKey {
        self.stored("#rate:", key.as_str())
    }

    /// The glob that finds the keys matching `pattern`; reserved names may match too and are distinguished by
    /// [`Namespace::key_of`].
    pub(crate) fn pattern(&self, pattern: &Pattern) -> String {
        format!("{}:{}", self.0, pattern.as_str())
    }

    /// The glob that finds the counters.
    pub(crate) fn counters_pattern(&self) -> String {
        format!("{}:#counter:*", self.0)
    }

    /// The channel of the namespace's events.
    pub(crate) fn event_channel(&self) -> StoredKey {
        self.stored("#events", "")
    }

    /// The key inside the namespace, or `None` for a reserved name or another namespace's.
    pub(crate) fn key_of<'s>(&self, stored: &'s str) -> Option<&'s str> {
        let key = self.inside(stored)?;
        (!key.starts_with(RESERVED)).then_some(key)
    }

    /// The tag's name inside the namespace, or `None` for what is no tag's id; the inner tags have none either.
    pub(crate) fn tag_of<'s>(&self, stored: &'s str) -> Option<&'s str> {
        let tag = self.inside(stored)?.strip_prefix("#tag:")?;
        (!tag.starts_with(RESERVED)).then_some(tag)
    }

    /// A stored name, or a glob over such, without the namespace.
    pub(crate) fn inside<'s>(&self, stored: &'s str) -> Option<&'s str> {
        stored.strip_prefix(&*self.0)?.strip_prefix(':')
    }

    fn stored(&self, prefix: &str, name: &str) -> StoredKey {
        let length = self.0.len() + 1 + prefix.len() + name.len();
        let mut stored = String::with_capacity(length.min(MAX_STORED_KEY_BYTES));
        stored.push_str(&self.0);
        stored.push(':');
        stored.push_str(prefix);
        if length <= MAX_STORED_KEY_BYTES {
            stored.push_str(name);
            return StoredKey(stored.into());
        }
        // A 32-digit hash behind `#`, which no key can hold, so that no shorter key is equal to a cut one.
        let kept = MAX_STORED_KEY_BYTES - stored.len() - DIGEST_DIGITS - 1;
        stored.push_str(&name[..kept]);
        stored.push(RESERVED);
        push_digest(name, &mut stored);
        StoredKey(stored.into())
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({})", self.0)
    }
}

/// The full name of a key, tag, counter, lock or rate as a backend stores it: ASCII, escaped, at most
/// [`MAX_STORED_KEY_BYTES`] long.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoredKey(Arc<str>);

impl StoredKey {
    /// A name that a backend found in its store.
    pub fn found(name: &str) -> Self {
        StoredKey(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredKey({})", self.0)
    }
}
