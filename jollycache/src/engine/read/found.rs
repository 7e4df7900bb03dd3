//! The outcome of a read, and what its caller has observed on the way.

use std::any::Any;
use std::sync::Arc;

use super::load_guard::LoadGuard;
use crate::entry::{Entry, Token};

/// The outcome of a read.
#[derive(Debug)]
pub(crate) enum Found {
    /// A value from the cache, fresh, or stale within its window; `waited`: whether another process was loading it when
    /// this caller came.
    Entry { entry: Entry, waited: bool },
    /// A value that another caller of this process loaded.
    Shared { none: bool, payload: bytes::Bytes },
    /// The failure of another caller's load.
    SharedFailure(Arc<dyn Any + Send + Sync>),
    /// The caller is to load.
    Load(Box<LoadGuard>),
}

impl Found {
    pub(super) fn cached(entry: Entry) -> Self {
        Found::Entry { entry, waited: false }
    }
}

/// What a caller has observed since it started.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub(super) tag_ids: Vec<Option<Token>>,
    /// A value past its ttl.
    pub(super) stale: Option<Entry>,
    /// There is a fresh value, which turned out not to decode.
    pub(super) unreadable: bool,
}
