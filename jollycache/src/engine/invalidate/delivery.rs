//! How invalidations reach the backend: those of a call at once, and those that wait, by the worker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Selection;
use crate::engine::Engine;
use crate::engine::retry_queue::Pending;
use crate::engine::write_scope::WriteScope;
use crate::entry::{RegionId, Token};
use crate::error::Result;
use crate::key::{Namespace, Pattern, StoredKey};
use crate::region::Region;
use crate::store::Call;

/// The bound on an invalidation by scan.
const SCAN_TIMEOUT: Duration = Duration::from_secs(60);

/// The tag that every invalidation and write of the namespace gives a new id. A put whose key was not known before
/// the write compares it: if it changed meanwhile, there was another writer, and the put only evicts.
const WRITES: &str = "#writes";

/// The stored name of the tag that stands for all writes.
pub(in crate::engine) fn writes_tag(namespace: &Namespace) -> StoredKey {
    namespace.tag_name(WRITES)
}

/// On whose behalf an invalidation is delivered.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Initiator<'r> {
    /// A call: its timeout bounds each operation, its region and the breaker count what fails.
    Call { region: &'r Region, timeout: Duration },
    /// The worker, which has bounds of its own and tries again.
    Worker,
}

impl Initiator<'_> {
    /// The write in whose body the invalidation was requested. The worker delivers for no write: the scope of the task
    /// that it happens to run on is not the invalidation's.
    fn scope(self) -> Option<Arc<WriteScope>> {
        match self {
            Initiator::Call { .. } => WriteScope::current(),
            Initiator::Worker => None,
        }
    }
}

/// Invalidations of one grace, as the backend takes them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Group<'p> {
    keys: Vec<StoredKey>,
    tags: Vec<StoredKey>,
    scans: Vec<Scan<'p>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Scan<'p> {
    Glob(&'p str),
    Region(RegionId),
}

/// `targets` by their grace, the shortest first.
fn grouped<'p>(targets: impl IntoIterator<Item = (&'p Pending, Duration)>) -> BTreeMap<Duration, Group<'p>> {
    let mut groups: BTreeMap<_, Group<'_>> = BTreeMap::new();
    for (target, grace) in targets {
        let group = groups.entry(grace).or_default();
        match target {
            Pending::Key(key) => group.keys.push(key.clone()),
            Pending::Tag(tag) => group.tags.push(tag.clone()),
            Pending::Matching(glob) => group.scans.push(Scan::Glob(glob)),
            Pending::Region(region) => group.scans.push(Scan::Region(*region)),
        }
    }
    groups
}

/// The way of invalidations to the backend.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Delivery<'e> {
    engine: &'e Engine,
    initiator: Initiator<'e>,
}

impl<'e> Delivery<'e> {
    pub(in crate::engine) fn new(engine: &'e Engine, initiator: Initiator<'e>) -> Self {
        Delivery { engine, initiator }
    }

    /// Invalidates `targets`, each with its grace, which begins now. Returns how many keys held a value.
    pub(in crate::engine) async fn run<'p>(
        self,
        targets: impl IntoIterator<Item = (&'p Pending, Duration)>,
    ) -> Result<u64> {
        let mut groups = grouped(targets);
        let writes = writes_tag(self.engine.namespace());
        // First, so that a put which finds the tag of all writes unchanged was not overtaken; and without a grace, which
        // would refuse the puts of others.
        match self.initiator.scope() {
            Some(scope) => self.rotate_writes(&writes, &scope).await?,
            None => groups.entry(Duration::ZERO).or_default().tags.insert(0, writes),
        }
        let mut held = 0;
        for (grace, Group { keys, tags, scans }) in groups {
            held += self.call(Duration::ZERO)?.invalidate(&keys, &tags, grace).await?;
            for scan in scans {
                held += self.scan(&scan, grace).await?;
            }
        }
        Ok(held)
    }

    /// Changes the id of the tag `writes`, and accounts for it to the write in whose body this is.
    async fn rotate_writes(self, writes: &StoredKey, scope: &WriteScope) -> Result<()> {
        let fresh = Token::random();
        let replaced = self.call(Duration::ZERO)?.rotate_tag(writes, fresh).await?;
        if let Some(replaced) = replaced {
            scope.record(replaced, fresh);
        }
        Ok(())
    }

    async fn scan(self, scan: &Scan<'_>, grace: Duration) -> Result<u64> {
        let everything;
        let (glob, region) = match *scan {
            Scan::Glob(glob) => (glob, None),
            Scan::Region(region) => {
                everything = self.engine.namespace().pattern(&Pattern::all());
                (&*everything, Some(region))
            }
        };
        let selection = Selection { glob, region, grace };
        self.call(SCAN_TIMEOUT)?.invalidate_matching(selection).await
    }

    /// One operation, which may take at least `at_least`.
    fn call(self, at_least: Duration) -> Result<Call<'e>> {
        let Engine { store, worker, .. } = self.engine;
        match self.initiator {
            Initiator::Call { region, timeout } => store.call(region, timeout.max(at_least)),
            Initiator::Worker => Ok(worker.call(store, worker.timeout.max(at_least))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> StoredKey {
        StoredKey::found(text)
    }

    #[test]
    fn each_grace_is_a_group_and_the_shortest_goes_first() {
        let grace = Duration::from_secs(1);
        let targets = [
            (&Pending::Key(name("a")), grace),
            (&Pending::Tag(name("t")), grace),
            (&Pending::Matching("b:*".into()), grace),
            (&Pending::Key(name("c")), Duration::ZERO),
        ];
        let groups: Vec<_> = grouped(targets).into_iter().collect();
        let at_once = Group { keys: vec![name("c")], ..Group::default() };
        let closed = Group { keys: vec![name("a")], tags: vec![name("t")], scans: vec![Scan::Glob("b:*")] };
        assert_eq!(groups, [(Duration::ZERO, at_once), (grace, closed)]);
    }
}
