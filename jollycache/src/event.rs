//! `InvalidationEvent`: the message about an invalidation that one cache sends to the others.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// The maximum size of the names in an event, in bytes. Further names are counted in [`InvalidationEvent::omitted`].
pub const MAX_EVENT_BYTES: usize = 8 * 1024;

/// The identity of the cache that sent an event: a random number, made when the cache is built. Its text is 32 hexadecimal
/// digits.
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

/// The targets of one invalidation: keys, tags and patterns, without the namespace and escaped. A key above the maximum length
/// is truncated.
///
/// ```
/// use jollycache::{Cache, MemoryBackend, Notice};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).events(true).build()?;
/// let mut events = cache.events().await?;
/// cache.evict("product:42").await?;
/// let Notice::Invalidated(event) = events.next().await else { panic!("no event is lost here") };
/// assert_eq!((event.origin, event.keys), (cache.origin(), vec!["product:42".to_owned()]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(description = "The targets of one invalidation, without the namespace and escaped.")
)]
#[non_exhaustive]
pub struct InvalidationEvent {
    /// The cache that invalidated.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub origin: Origin,
    /// The region of the call, `default` for calls by hand; `None` for invalidations that were queued while the backend
    /// was unreachable.
    #[serde(default)]
    pub region: Option<String>,
    /// The invalidated keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// The invalidated tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The invalidated patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
    /// Whether the whole region was invalidated; without a region, possibly the whole namespace.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// The number of names that are not listed, because they would have exceeded [`MAX_EVENT_BYTES`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A target of an invalidation, by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum InvalidatedName<'n> {
    Key(&'n str),
    Tag(&'n str),
    Pattern(&'n str),
    All,
}

impl InvalidationEvent {
    /// An event with these names, as many as the maximum size allows.
    pub(crate) fn of<'n>(
        origin: Origin,
        region: Option<&str>,
        names: impl IntoIterator<Item = InvalidatedName<'n>>,
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
        for name in names {
            let (listed, name) = match name {
                InvalidatedName::Key(key) => (&mut event.keys, key),
                InvalidatedName::Tag(tag) => (&mut event.tags, tag),
                InvalidatedName::Pattern(pattern) => (&mut event.patterns, pattern),
                InvalidatedName::All => {
                    event.all = true;
                    continue;
                }
            };
            if name.len() <= left {
                left -= name.len();
                listed.push(name.to_owned());
            } else {
                event.omitted += 1;
            }
        }
        event
    }

    /// The message of the event.
    pub(crate) fn encode(&self) -> Option<Bytes> {
        serde_json::to_vec(self).ok().map(Bytes::from)
    }

    /// The event of a message; `None` for other bytes.
    pub(crate) fn decode(message: &[u8]) -> Option<Self> {
        serde_json::from_slice(message).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_decoded_as_it_was_encoded() {
        let names = [
            InvalidatedName::Key("product:1"),
            InvalidatedName::Tag("products"),
            InvalidatedName::Pattern("list:*"),
            InvalidatedName::All,
        ];
        let event = InvalidationEvent::of(Origin(1), Some("product"), names);
        let sent = event.encode().expect("encodes");
        assert_eq!(InvalidationEvent::decode(&sent), Some(event));
    }

    #[test]
    fn fields_of_a_later_version_are_ignored() {
        let sent = format!(r#"{{"origin":"{}","keys":["a"],"more":[1]}}"#, Origin(7));
        let event = InvalidationEvent::decode(sent.as_bytes()).expect("decodes");
        assert_eq!((event.origin, event.keys, event.region), (Origin(7), vec!["a".to_owned()], None));
    }

    #[test]
    fn other_bytes_are_no_event() {
        for message in
            ["", "[]", "{}", r#"{"origin":"x"}"#, r#"{"origin":"+0000000000000000000000000000001"}"#]
        {
            assert_eq!(InvalidationEvent::decode(message.as_bytes()), None, "{message}");
        }
    }

    #[test]
    fn a_large_event_counts_the_names_that_it_omits() {
        let names: Vec<_> = (0..10_000).map(|number| format!("product:{number:04}")).collect();
        let event =
            InvalidationEvent::of(Origin(1), None, names.iter().map(|name| InvalidatedName::Key(name)));
        assert_eq!(event.keys.len(), MAX_EVENT_BYTES / "product:0000".len());
        assert_eq!(event.keys.len() as u64 + event.omitted, 10_000);
        let long = "x".repeat(MAX_EVENT_BYTES + 1);
        let event = InvalidationEvent::of(
            Origin(1),
            None,
            [InvalidatedName::Pattern(&long), InvalidatedName::Tag("t")],
        );
        assert_eq!((event.tags.len(), event.omitted), (1, 1), "a later name that fits is listed");
    }
}
