//! `InvalidationEvent`: what one cache tells the others of what it invalidated.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// How many bytes of names an event carries at most; what is beyond them is counted in
/// [`InvalidationEvent::omitted`].
pub const MAX_EVENT_BYTES: usize = 8 * 1024;

/// Which cache an event is of: a random number of its own, made when it is built. Written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(u128);

impl Origin {
    pub(crate) fn random() -> Self {
        Origin(rand::random())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl FromStr for Origin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = if digits { u128::from_str_radix(text, 16).ok() } else { None };
        let wrong =
            || Error::new(ErrorKind::Config, format!("origin {text:?}: expected 32 hexadecimal digits"));
        number.map(Origin).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Origin {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

/// What fell at once. The names are those of keys, tags and patterns inside the namespace, escaped; a key that is
/// longer than the limit has its cut name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct InvalidationEvent {
    /// The cache that did it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub origin: Origin,
    /// The region it was done for, `default` for calls by hand; `None` for what had been queued while the backend was
    /// away.
    #[serde(default)]
    pub region: Option<String>,
    /// Keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
    /// Whether everything in the region fell. For what had been queued, everything in the namespace may have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// How many names fell that are not listed, because the event would have been larger than [`MAX_EVENT_BYTES`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A name of what fell.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fallen<'n> {
    Key(&'n str),
    Tag(&'n str),
    Pattern(&'n str),
    All,
}

impl InvalidationEvent {
    /// An event of these names, cut to the limit.
    pub(crate) fn of<'n>(
        origin: Origin,
        region: Option<&str>,
        fallen: impl IntoIterator<Item = Fallen<'n>>,
    ) -> Self {
        let mut event = InvalidationEvent {
            origin,
            region: region.map(str::to_owned),
            keys: Vec::new(),
            tags: Vec::new(),
            patterns: Vec::new(),
            all: false,
            omitted: 0,
        };
        let mut left = MAX_EVENT_BYTES;
        for name in fallen {
            let (names, name) = match name {
                Fallen::Key(key) => (&mut event.keys, key),
                Fallen::Tag(tag) => (&mut event.tags, tag),
                Fallen::Pattern(pattern) => (&mut event.patterns, pattern),
                Fallen::All => {
                    event.all = true;
                    continue;
                }
            };
            if name.len() <= left {
                left -= name.len();
                names.push(name.to_owned());
            } else {
                event.omitted += 1;
            }
        }
        event
    }

    /// The event as it is sent.
    pub(crate) fn encode(&self) -> Option<Bytes> {
        serde_json::to_vec(self).ok().map(Bytes::from)
    }

    /// The event that was sent, if these bytes are one.
    pub(crate) fn decode(message: &[u8]) -> Option<Self> {
        serde_json::from_slice(message).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_back_as_it_was() {
        let fallen =
            [Fallen::Key("product:1"), Fallen::Tag("products"), Fallen::Pattern("list:*"), Fallen::All];
        let event = InvalidationEvent::of(Origin(1), Some("product"), fallen);
        let sent = event.encode().expect("encodes");
        assert_eq!(InvalidationEvent::decode(&sent), Some(event));
    }

    #[test]
    fn what_a_later_version_adds_is_ignored() {
        let sent = format!(r#"{{"origin":"{}","keys":["a"],"more":[1]}}"#, Origin(7));
        let event = InvalidationEvent::decode(sent.as_bytes()).expect("decodes");
        assert_eq!((event.origin, event.keys, event.region), (Origin(7), vec!["a".to_owned()], None));
    }

    #[test]
    fn what_is_no_event_is_none() {
        for message in
            ["", "[]", "{}", r#"{"origin":"x"}"#, r#"{"origin":"+0000000000000000000000000000001"}"#]
        {
            assert_eq!(InvalidationEvent::decode(message.as_bytes()), None, "{message}");
        }
    }

    #[test]
    fn a_large_event_is_cut_and_says_so() {
        let names: Vec<_> = (0..10_000).map(|number| format!("product:{number:04}")).collect();
        let event = InvalidationEvent::of(Origin(1), None, names.iter().map(|name| Fallen::Key(name)));
        assert_eq!(event.keys.len(), MAX_EVENT_BYTES / "product:0000".len());
        assert_eq!(event.keys.len() as u64 + event.omitted, 10_000);
        let long = "x".repeat(MAX_EVENT_BYTES + 1);
        let event = InvalidationEvent::of(Origin(1), None, [Fallen::Pattern(&long), Fallen::Tag("t")]);
        assert_eq!((event.tags.len(), event.omitted), (1, 1), "what fits behind it is kept");
    }
}
