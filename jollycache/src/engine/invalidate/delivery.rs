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
use crate::key::{Pattern, StoredKey};
use crate::region::Region;
use crate::store::Call;

/// The bound on an invalidation by scan.
const SCAN_TIMEOUT: Duration = Duration::from_secs(60);

/// On whose behalf an invalidation is delivered.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Sender<'r> {
    /// A call: its timeout bounds each operation, its region and the breaker count what fails.
    Call { region: &'r Region, timeout: Duration },
    /// The worker, which has bounds of its own and tries again.
    Worker,
}

impl Sender<'_> {
    /// The write in whose body the invalidation was requested. The worker delivers for no write: the scope of the task
    /// that it happens to run on is not the invalidation's.
    fn scope(self) -> Option<Arc<WriteScope>> {
        match self {
            Sender::Call { .. } => WriteScope::current(),
            Sender::Worker => None,
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

impl Engine {
    /// Invalidates `targets`, each with its grace, which begins now. Returns how many keys held a value.
    pub(in crate::engine) async fn deliver<'p>(
        &self,
        sender: Sender<'_>,
        targets: impl IntoIterator<Item = (&'p Pending, Duration)>,
    ) -> Result<u64> {
        let mut groups = grouped(targets);
        // First, so that a put which finds the tag of all writes unchanged was not overtaken; and without a grace, which
        // would refuse the puts of others.
        match sender.scope() {
            Some(scope) => self.rotate_writes(sender, &scope).await?,
            None => groups.entry(Duration::ZERO).or_default().tags.insert(0, self.writes_tag()),
        }
        let mut held = 0;
        for (grace, Group { keys, tags, scans }) in groups {
            held += self.call_of(sender, Duration::ZERO)?.invalidate(&keys, &tags, grace).await?;
            for scan in scans {
                held += self.scan(sender, &scan, grace).await?;
            }
        }
        Ok(held)
    }

    /// Changes the id of all writes, and accounts for it to the write in whose body this is.
    async fn rotate_writes(&self, sender: Sender<'_>, scope: &WriteScope) -> Result<()> {
        let (writes, fresh) = (self.writes_tag(), Token::random());
        let replaced = self.call_of(sender, Duration::ZERO)?.rotate_tag(&writes, fresh).await?;
        if let Some(replaced) = replaced {
            scope.record(replaced, fresh);
        }
        Ok(())
    }

    async fn scan(&self, sender: Sender<'_>, scan: &Scan<'_>, grace: Duration) -> Result<u64> {
        let everything;
        let (glob, region) = match *scan {
            Scan::Glob(glob) => (glob, None),
            Scan::Region(region) => {
                everything = self.namespace().pattern(&Pattern::all());
                (&*everything, Some(region))
            }
        };
        let selection = Selection { glob, region, grace };
        self.call_of(sender, SCAN_TIMEOUT)?.invalidate_matching(selection).await
    }

    /// One operation for `sender`, which may take at least `at_least`.
    fn call_of<'s>(&'s self, sender: Sender<'s>, at_least: Duration) -> Result<Call<'s>> {
        match sender {
            Sender::Call { region, timeout } => self.store.call(region, timeout.max(at_least)),
            Sender::Worker => Ok(self.background(self.worker.timeout.max(at_least))),
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
