//! Keys, tags and patterns: how values from outside become names in the cache, safely.
//!
//! A [`Key`] is a sequence of literal text and escaped segments, for example `product:42`. Whatever a segment's
//! value is, it stays inside its segment: the escaping is injective, and its output holds no separator, no glob
//! character, no hash-tag brace and no control character. [docs/keys.md](crate::docs::keys) has the grammar.

mod builder;
mod digest;
mod escape;
mod namespace;
mod part;
mod pattern;
mod template;
#[cfg(test)]
mod tests;

pub use builder::{Key, KeyBuilder, MAX_TAG_BYTES, Segment, Tag};
pub use namespace::{MAX_NAMESPACE_BYTES, MAX_STORED_KEY_BYTES, Namespace, StoredKey};
pub use part::{KeyPart, KeyWriter};
pub use pattern::Pattern;
pub(crate) use pattern::glob_matches;
