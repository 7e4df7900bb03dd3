//! `Holder`: the owner of a lease, an intent, a closed tag or a lock.

use crate::clock::Millis;
use crate::entry::Token;

/// The owner of a lease, an intent, a closed tag or a lock, and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The token that proves the ownership.
    pub token: Token,
    /// When it ends by itself.
    pub until: Millis,
}
