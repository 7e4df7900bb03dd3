//! Names from outside: keys, tags and patterns as people copy them from the lists.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;

use super::reply::{Failure, echo};
use crate::cache::Cache;
use crate::key::{Key, MAX_STORED_KEY_BYTES, Pattern, Tag};

/// The longest pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 512;

/// What stands in the path, if it can be read at all.
type InPath = Result<Path<String>, PathRejection>;

/// The key named by the path.
pub(super) fn key(cache: &Cache, path: InPath) -> Result<Key, Failure> {
    let text = readable(path, "invalid_key")?;
    let longest = MAX_STORED_KEY_BYTES - cache.namespace().len() - 1;
    Key::listed(&text).filter(|_| text.len() <= longest).ok_or_else(|| {
        let message = "expected the name of a key as it is listed: without the namespace, escaped";
        Failure::bad("invalid_key", format!("{:?}: {message}", echo(&text)))
    })
}

/// The tag named by the path.
pub(super) fn tag(path: InPath) -> Result<Tag, Failure> {
    let text = readable(path, "invalid_tag")?;
    Tag::listed(&text).ok_or_else(|| {
        let message = "expected the name of a tag as keys list it: escaped, at most 128 bytes";
        Failure::bad("invalid_tag", format!("{:?}: {message}", echo(&text)))
    })
}

/// The pattern named by the path. One that says nothing but "everything" is refused: that has its own call, which asks
/// for a confirmation.
pub(super) fn pattern_in_path(path: InPath) -> Result<Pattern, Failure> {
    let text = readable(path, "invalid_pattern")?;
    if text.bytes().all(|byte| matches!(byte, b'*' | b'?')) {
        let message = "the pattern matches every key: flush the namespace instead";
        return Err(Failure::bad("invalid_pattern", message));
    }
    pattern(&text)
}

/// A pattern over listed keys; nothing stands for everything.
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
