//! Names in requests: keys, tags and patterns in the form in which they are listed.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;

use super::reply::{Failure, echo};
use crate::cache::Cache;
use crate::key::{Key, MAX_STORED_KEY_BYTES, Pattern, Tag};

/// Maximum length of a pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 512;

/// The last segment of the path, or why it is unreadable.
type InPath = Result<Path<String>, PathRejection>;

/// The key in the path.
pub(super) fn key(cache: &Cache, path: InPath) -> Result<Key, Failure> {
    let text = readable(path, "invalid_key")?;
    let longest = MAX_STORED_KEY_BYTES - cache.namespace().len() - 1;
    Key::listed(&text).filter(|_| text.len() <= longest).ok_or_else(|| {
        let message = "expected a key as listed: without the namespace, escaped";
        Failure::bad("invalid_key", format!("{:?}: {message}", echo(&text)))
    })
}

/// The tag in the path.
pub(super) fn tag(path: InPath) -> Result<Tag, Failure> {
    let text = readable(path, "invalid_tag")?;
    Tag::listed(&text).ok_or_else(|| {
        let message = "expected a tag as listed with a key: escaped, at most 128 bytes";
        Failure::bad("invalid_tag", format!("{:?}: {message}", echo(&text)))
    })
}

/// The pattern in the path. A pattern that matches every key is refused: a flush has its own call, which needs a
/// confirmation.
pub(super) fn pattern_in_path(path: InPath) -> Result<Pattern, Failure> {
    let text = readable(path, "invalid_pattern")?;
    if text.bytes().all(|byte| matches!(byte, b'*' | b'?')) {
        let message = "the pattern matches every key: flush the namespace instead";
        return Err(Failure::bad("invalid_pattern", message));
    }
    pattern(&text)
}

/// A pattern over listed keys; an empty text matches every key.
pub(super) fn pattern(text: &str) -> Result<Pattern, Failure> {
    if text.len() > MAX_PATTERN_BYTES {
        let message = format!("the pattern is longer than {MAX_PATTERN_BYTES} bytes");
        return Err(Failure::bad("invalid_pattern", message));
    }
    Ok(if text.is_empty() { Pattern::all() } else { Pattern::over_listed(text) })
}

fn readable(path: InPath, code: &'static str) -> Result<String, Failure> {
    path.map(|Path(text)| text).map_err(|_| Failure::bad(code, "the path is not UTF-8, percent-encoded"))
}
