//! Arguments of scripts and commands: lifetimes, drafts, tags, globs.

use std::time::Duration;

use redis::{Cmd, cmd};

use super::scripts::{self, Call};
use crate::clock::as_millis;
use crate::entry::{Draft, Token, encode_entry};
use crate::error::Result;
use crate::key::StoredKey;

/// The longest lifetime that is sent to the server: a century. Beyond some 2^53 ms a script would lose digits.
const MAX_LIFETIME_MS: u64 = 100 * 365 * 24 * 60 * 60 * 1000;

/// A lifetime of at least 1 ms: the server refuses zero.
pub(super) fn lifetime_ms(lifetime: Duration) -> u64 {
    lifetime_or_none_ms(lifetime).max(1)
}

/// A lifetime that may be zero.
pub(super) fn lifetime_or_none_ms(lifetime: Duration) -> u64 {
    as_millis(lifetime).min(MAX_LIFETIME_MS)
}

pub(super) fn add_draft(call: &mut Call, draft: &Draft) -> Result<()> {
    let lifetimes = (lifetime_or_none_ms(draft.ttl), lifetime_or_none_ms(draft.stale));
    call.arg(&encode_entry(draft)?[..]).arg(lifetimes.0).arg(lifetimes.1);
    Ok(())
}

pub(super) fn mget<'k>(names: impl IntoIterator<Item = &'k StoredKey>) -> Cmd {
    let mut command = cmd("MGET");
    for name in names {
        command.arg(name.as_str());
    }
    command
}

/// Extends the lifetime of a tag's id, and never shortens it. The record of a closed tag may so live longer, too, which
/// changes nothing: its writers have ends of their own.
pub(super) fn extend_tag(tag: &StoredKey, lifetime: Duration) -> Cmd {
    let mut command = cmd("PEXPIRE");
    command.arg(tag.as_str()).arg(lifetime_ms(lifetime)).arg("GT");
    command
}

/// A call of the tag script; `closed` is how long the tag is to be closed.
pub(super) fn change_tag(tag: &StoredKey, how: &str, closed: Duration, writer: Option<Token>) -> Call {
    let mut call = scripts::TAG.call(tag.as_str());
    call.arg(how).arg(lifetime_or_none_ms(closed));
    call.arg(writer.as_ref().map_or(&[][..], |token| &token.0[..]));
    call
}

/// The glob in the server's syntax, which also has `[…]` and `\`; here they stand for themselves.
pub(super) fn server_glob(glob: &str) -> String {
    let mut escaped = String::with_capacity(glob.len());
    for character in glob.chars() {
        if matches!(character, '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
