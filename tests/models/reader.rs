//! A reader of one key, as engine/load.rs and engine/ticket.rs have it, without tags and without a flight.

use jollycache::backend::Lease;
use jollycache::backend::state::Slot;

use crate::world::{NOW, Rule, Source, apply, draft, request, store_unfenced, token, version_of, versioned};

/// One read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Reader {
    /// The oldest version that this read may return.
    need: u8,
    /// Whether what it fills has the source's version on it.
    versioned: bool,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Start,
    /// The look found nothing fresh.
    Missed,
    /// The lease is taken; a stale value was there.
    Leased(Option<u8>),
    /// The source was read.
    Loaded(u8),
    /// To load without a lease.
    Unleased,
    Done,
}

impl Reader {
    pub(crate) const NEW: Reader = Reader { need: 0, versioned: false, at: At::Start };

    pub(crate) const VERSIONED: Reader = Reader { versioned: true, ..Reader::NEW };

    const DONE: Reader = Reader { at: At::Done, ..Reader::NEW };

    pub(crate) fn is_done(self) -> bool {
        self.at == At::Done
    }

    /// The violation at rest, when no step is left: a reader that is not done.
    pub(crate) fn stuck(readers: &[Reader]) -> Option<&'static str> {
        (!readers.iter().all(|reader| reader.is_done())).then_some("a reader is stuck")
    }

    /// Passes every possible step of the reader to `step`, with the state after it. `number` is the reader's own.
    pub(crate) fn steps(
        self,
        number: usize,
        broken: Option<Rule>,
        source: Source,
        slot: &Slot,
        mut step: impl FnMut(&'static str, Reader, Source, Slot),
    ) {
        let own = token(u8::try_from(number).expect("few readers") + 1);
        let serve = |version| {
            let mut source = source;
            source.serve(self.need, version);
            source
        };
        match self.at {
            At::Start => {
                let need = source.acked;
                match slot.entry().filter(|entry| entry.is_fresh(NOW)) {
                    Some(entry) => {
                        let mut source = source;
                        source.serve(need, version_of(entry));
                        step("starts, hits", Reader::DONE, source, slot.clone());
                    }
                    None => {
                        step("starts, misses", Reader { need, at: At::Missed, ..self }, source, slot.clone());
                    }
                }
            }
            At::Missed => {
                let (next, lease) = slot.clone().lease(NOW, &request(own, &[]));
                match lease {
                    Lease::Hit(entry) | Lease::Wait { stale: Some(entry), .. } => {
                        step("is served instead of the lease", Reader::DONE, serve(version_of(&entry)), next);
                    }
                    Lease::Leased { stale } => {
                        let at = At::Leased(stale.as_ref().map(version_of));
                        step("takes the lease", Reader { at, ..self }, source, next);
                    }
                    // Another attempt changes nothing here; the end of patience does.
                    Lease::Wait { stale: None, .. } => {
                        step("waits no longer", Reader { at: At::Unleased, ..self }, source, next);
                    }
                    Lease::Bypass { .. } => {
                        step("bypasses the cache", Reader { at: At::Unleased, ..self }, source, next);
                    }
                }
            }
            At::Leased(stale) => {
                step("loads", Reader { at: At::Loaded(source.committed), ..self }, source, slot.clone());
                let released = slot.clone().release(NOW, own).0;
                let source = stale.map_or(source, serve);
                step("fails to load, gives the lease back", Reader::DONE, source, released);
            }
            At::Loaded(version) => {
                let mut filled = slot.clone();
                let unfenced = match broken {
                    Some(Rule::FillComparesToken) => true,
                    Some(Rule::RefreshUnderLease) => slot.entry().is_some(),
                    _ => false,
                };
                let stored = apply(&mut filled, |slot| {
                    let draft = if self.versioned { versioned(version) } else { draft(version, Vec::new()) };
                    if unfenced { store_unfenced(slot, &draft) } else { slot.fill(NOW, own, &draft) }
                });
                let what = if stored { "fills" } else { "is refused the fill" };
                step(what, Reader::DONE, serve(version), filled);
            }
            At::Unleased => {
                step("loads without a lease", Reader::DONE, serve(source.committed), slot.clone());
            }
            At::Done => {}
        }
    }
}
