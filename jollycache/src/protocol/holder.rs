//! `Holder`: the owner of a lease, an intent, a closed tag or a lock.

use crate::clock::Millis;
use crate::entry::Token;

/// Who holds a lease, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The proof of it.
    pub token: Token,
    /// When it ends by itself.
    pub until: Millis,
}
