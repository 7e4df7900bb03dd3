//! What the body of a write evicts and puts is its own: the write distinguishes it from another writer's.

use std::sync::{Arc, Mutex, PoisonError};

use crate::entry::Token;
use crate::protocol::OwnWrites;

tokio::task_local! {
    /// The innermost write whose body this task runs. Not inherited by what the body spawns: that may outlive the write.
    static CURRENT: Arc<WriteScope>;
}

/// One write's view of the tag of all writes, from its begin on.
#[derive(Debug)]
pub(super) struct WriteScope {
    own: Mutex<OwnWrites>,
    /// The write in whose body this one began. A write counts for those around it, and not for those beside it.
    outer: Option<Arc<WriteScope>>,
}

impl WriteScope {
    /// Begins when the tag's id was `start`.
    pub(super) fn since(start: Token) -> Arc<Self> {
        Arc::new(WriteScope { own: Mutex::new(OwnWrites::since(start)), outer: Self::current() })
    }

    /// The scope of the body that is running.
    pub(super) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Runs the body.
    pub(super) async fn run<F: Future>(self: Arc<Self>, body: F) -> F::Output {
        CURRENT.scope(self, body).await
    }

    /// The body replaced the id `replaced` by `fresh`. The ids of another cache match none of this one's, so they need not
    /// be distinguished.
    pub(super) fn record(&self, replaced: Token, fresh: Token) {
        let mut scope = Some(self);
        while let Some(WriteScope { own, outer }) = scope {
            own.lock().unwrap_or_else(PoisonError::into_inner).record(replaced, fresh);
            scope = outer.as_deref();
        }
    }

    /// What the body did.
    pub(super) fn own_writes(&self) -> OwnWrites {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
