//! What the current task is loading, so that a load does not wait for itself.
//!
//! A cached function that calls another one with the same key would wait for its own flight, its own lease or its own
//! turn. Known for the polls of one task only: what a load spawns is a task of its own, and waits as any other caller.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::futures::TaskLocalFuture;

use super::reader::Reader;
use crate::key::StoredKey;
use crate::store::Store;
use crate::tracker::Count;

tokio::task_local! {
    /// The innermost load of this task.
    static INNERMOST: Arc<Loading>;
}

/// A load that is being polled, and those around it.
#[derive(Debug)]
pub(crate) struct Loading {
    /// Where the keys are: one key in two stores is two.
    store: Arc<Store>,
    keys: Vec<StoredKey>,
    /// Whether it holds one of the places for loads without a lease.
    holds_place: bool,
    outer: Option<Arc<Loading>>,
}

impl Loading {
    /// Runs `load` as one that loads `keys` of `store`.
    pub(crate) fn run<F: Future>(
        store: &Arc<Store>,
        keys: Vec<StoredKey>,
        holds_place: bool,
        load: F,
    ) -> TaskLocalFuture<Arc<Self>, F> {
        let outer = INNERMOST.try_with(Arc::clone).ok();
        INNERMOST.scope(Arc::new(Loading { store: store.clone(), keys, holds_place, outer }), load)
    }

    fn chain() -> impl Iterator<Item = Arc<Loading>> {
        let innermost = INNERMOST.try_with(Arc::clone).ok();
        std::iter::successors(innermost, |loading| loading.outer.clone())
    }
}

/// Whether a load of this task holds a place. One inside it takes none, or it could wait for itself.
pub(super) fn holds_place() -> bool {
    Loading::chain().any(|loading| loading.holds_place)
}

impl Reader<'_> {
    /// Whether the current task loads the key, further out.
    pub(super) fn is_loading(self) -> bool {
        let Reader { engine, lookup } = self;
        Loading::chain()
            .any(|loading| loading.store.shares_backend(&engine.store) && loading.keys.contains(&lookup.key))
    }

    /// As [`Reader::is_loading`], for a read that would wait for itself: counted, and warned of once a region.
    pub(super) fn is_reentered(self) -> bool {
        if !self.is_loading() {
            return false;
        }
        let region = &self.lookup.region;
        region.tracker.count(Count::Bypass);
        if !region.warned_of_reentry.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                region = %region.name,
                key = %self.lookup.key,
                "a cached function was called with a key that its caller is loading, and ran uncached: two cached \
                 functions share this key, or one calls itself"
            );
        }
        true
    }
}

#[cfg(all(test, feature = "memory"))]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;
    use crate::{Cache, MemoryBackend, Policy};

    /// Counts warnings.
    #[derive(Clone, Default)]
    struct Warnings(Arc<AtomicUsize>);

    impl Subscriber for Warnings {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() == Level::WARN
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[tokio::test]
    async fn the_log_is_warned_once_a_region() {
        let warnings = Warnings::default();
        let _guard = tracing::subscriber::set_default(warnings.clone());
        let cache = Cache::builder().namespace("loading").backend(MemoryBackend::new()).build().unwrap();
        for (round, region) in ["one", "one", "other"].into_iter().enumerate() {
            let (key, policy) = (format!("key:{round}"), Policy::new().region(region));
            let inner = async || Ok::<_, String>(1);
            let outer = async || cache.get_or_load(key.as_str(), &policy, inner).await;
            assert_eq!(cache.get_or_load(key.as_str(), &policy, outer).await, Ok(1));
        }
        assert_eq!(warnings.0.load(Ordering::Relaxed), 2);
    }
}
