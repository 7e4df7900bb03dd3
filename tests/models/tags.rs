//! Tags: ids that can be lost at any step, entries that carry the ids from before their load, readers that declare
//! all of the tags or fewer than the entry has.

use jollycache::backend::state::Slot;
use jollycache::backend::{Entry, Lease, TagStamp, Token};

use crate::explorer::{Model, Steps, fails, holds, larger};
use crate::world::{NOW, Rule, Source, apply, befalls, draft, request, token, version_of};
use crate::writer::{Writer, Written};

const NAMES: [&str; 2] = ["a", "b"];

/// An id of each tag, where it has one.
type Ids = [Option<u8>; NAMES.len()];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Reader {
    need: u8,
    /// The ids that it read after it started: what its load may be stored under.
    ids: Ids,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Start,
    /// It read the entry, and the ids not yet.
    Read {
        version: u8,
        carried: Ids,
    },
    /// It requests the ids of tags that only the entry has.
    Judges {
        version: u8,
        carried: Ids,
    },
    /// It has the ids that exist.
    Missed,
    /// It has an id of each tag.
    Stamped,
    Leased,
    Loaded(u8),
    Unleased,
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    source: Source,
    slot: Slot,
    tags: Ids,
    readers: Vec<Reader>,
    writers: [Writer; NAMES.len()],
}

impl Written for State {
    fn source(&mut self) -> &mut Source {
        &mut self.source
    }
}

impl State {
    /// An id that is nowhere any more.
    fn fresh_id(&self) -> u8 {
        let carried = self.slot.entry().map(ids_of).unwrap_or_default();
        let held = |at| match at {
            At::Read { carried, .. } | At::Judges { carried, .. } => carried,
            _ => [None; 2],
        };
        let known = self.readers.iter().flat_map(|reader| [reader.ids, held(reader.at)]);
        let used: Vec<_> = known.chain([self.tags, carried]).flatten().flatten().collect();
        (1..u8::MAX).find(|id| !used.contains(id)).expect("few ids are in use")
    }
}

fn ids_of(entry: &Entry) -> Ids {
    NAMES.map(|name| entry.tags.iter().find(|tag| &*tag.name == name).map(|tag| tag.id.0[0]))
}

fn stamps(ids: Ids) -> Vec<TagStamp> {
    let known = NAMES.iter().zip(ids).filter_map(|(name, id)| id.map(|id| (name, id)));
    known.map(|(name, id)| TagStamp { name: (*name).into(), id: token(id) }).collect()
}

/// What reader `i` declares: the last one the first tag only, where there is such a one.
struct Tags {
    readers: usize,
    /// The last reader declares only the first tag; it only looks, and never fills.
    partial: bool,
    broken: Option<Rule>,
}

impl Tags {
    fn is_broken(&self, rule: Rule) -> bool {
        self.broken == Some(rule)
    }

    fn declares(&self, i: usize) -> usize {
        if self.partial && i + 1 == self.readers { 1 } else { NAMES.len() }
    }

    fn new_id(&self, state: &State, tag: usize) -> u8 {
        if self.is_broken(Rule::UniqueTagId) { state.tags[tag].unwrap_or(0) + 1 } else { state.fresh_id() }
    }

    /// Makes the ids that are missing.
    fn settle(&self, next: &mut State, ids: Ids) -> Ids {
        let mut settled = ids;
        for (tag, id) in settled.iter_mut().enumerate().filter(|(_, id)| id.is_none()) {
            let fresh = next.tags[tag].unwrap_or_else(|| self.new_id(next, tag));
            next.tags[tag] = Some(fresh);
            *id = Some(fresh);
        }
        settled
    }

    /// Returns whether an entry with the ids `carried` may be served to a reader that declares `declared` tags and sees
    /// `live`.
    fn is_valid(&self, declared: usize, carried: Ids, live: Ids) -> bool {
        let compared = if self.is_broken(Rule::EveryDeclaredTag) { 1 } else { declared };
        (0..compared).all(|tag| match live[tag] {
            None => self.is_broken(Rule::LostIdIsInvalid),
            live => carried[tag] == live,
        })
    }

    /// The live ids that a reader shows with its request for the lease.
    fn shown(&self, ids: Ids) -> Vec<TagStamp> {
        let mut stamps = stamps(ids);
        if self.is_broken(Rule::EveryDeclaredTag) {
            stamps.truncate(1);
        }
        stamps
    }

    fn read(&self, state: &State, i: usize, steps: &mut Steps<State>) {
        let (mut next, reader) = (state.clone(), state.readers[i]);
        let own = token(100 + u8::try_from(i).expect("few readers"));
        let mut at = At::Done;
        let what = match reader.at {
            At::Start => {
                next.readers[i].need = state.source.acked;
                at = match state.slot.entry().filter(|entry| entry.is_fresh(NOW)) {
                    Some(entry) => At::Read { version: version_of(entry), carried: ids_of(entry) },
                    None => At::Read { version: 0, carried: [None; 2] },
                };
                "starts, reads the entry"
            }
            At::Read { version, carried } => {
                let declared = self.declares(i);
                if self.is_valid(declared, carried, state.tags) && carried != [None; 2] {
                    at = if declared < NAMES.len() && !self.is_broken(Rule::UndeclaredTags) {
                        At::Judges { version, carried }
                    } else {
                        next.source.serve(reader.need, version);
                        At::Done
                    };
                } else if declared == NAMES.len() {
                    next.readers[i].ids = state.tags;
                    at = At::Missed;
                }
                "reads the ids, judges the entry"
            }
            At::Judges { version, carried } => {
                if (self.declares(i)..NAMES.len()).all(|tag| carried[tag] == state.tags[tag]) {
                    next.source.serve(reader.need, version);
                }
                "judges the tags it does not declare"
            }
            At::Missed => {
                next.readers[i].ids = self.settle(&mut next, reader.ids);
                at = At::Stamped;
                "makes the ids that are missing"
            }
            At::Stamped => {
                at = self.ask(&mut next, i, own);
                "requests the lease"
            }
            At::Leased => {
                let mut failed = state.clone();
                apply(&mut failed.slot, |slot| slot.release(NOW, own));
                failed.readers[i] = DONE;
                steps.add("reader", i, "fails to load", failed);
                at = At::Loaded(state.source.committed);
                "loads"
            }
            At::Loaded(version) => {
                let mut ids = reader.ids;
                if self.is_broken(Rule::SnapshotBeforeLoad) {
                    ids = self.settle(&mut next, state.tags);
                }
                apply(&mut next.slot, |slot| slot.fill(NOW, own, &draft(version, stamps(ids))));
                next.source.serve(reader.need, version);
                "fills"
            }
            At::Unleased => {
                next.source.serve(reader.need, state.source.committed);
                "loads without a lease"
            }
            At::Done => return,
        };
        next.readers[i] = if at == At::Done { DONE } else { Reader { at, ..next.readers[i] } };
        steps.add("reader", i, what, next);
    }

    fn ask(&self, next: &mut State, i: usize, own: Token) -> At {
        let reader = next.readers[i];
        let shown = self.shown(reader.ids);
        match apply(&mut next.slot, |slot| slot.lease(NOW, &request(own, &shown))) {
            Lease::Hit(entry) | Lease::Wait { stale: Some(entry), .. } => {
                next.source.serve(reader.need, version_of(&entry));
                At::Done
            }
            Lease::Leased { .. } => At::Leased,
            Lease::Wait { stale: None, .. } | Lease::Bypass { .. } => At::Unleased,
        }
    }

    fn write(state: &State, tag: usize, steps: &mut Steps<State>) {
        let mut next = state.clone();
        let step = state.writers[tag].step(&mut next, |next, _| {
            next.tags[tag] = None;
            "takes its tag's id away"
        });
        let Some((what, writer)) = step else { return };
        next.writers[tag] = writer;
        steps.add("writer", tag, what, next);
    }
}

const NEW: Reader = Reader { need: 0, ids: [None; 2], at: At::Start };
const DONE: Reader = Reader { at: At::Done, ..NEW };

impl Model for Tags {
    type State = State;

    fn start(&self) -> State {
        State {
            source: Source::default(),
            slot: Slot::default(),
            tags: [None; 2],
            readers: vec![NEW; self.readers],
            writers: [Writer::Start; 2],
        }
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        for i in 0..state.readers.len() {
            self.read(state, i, steps);
        }
        for tag in 0..NAMES.len() {
            Self::write(state, tag, steps);
            if state.tags[tag].is_some() {
                let mut next = state.clone();
                next.tags[tag] = None;
                steps.add("environment", tag, "loses the tag's id", next);
            }
        }
        for (what, slot) in befalls(&state.slot) {
            steps.add("environment", 0, what, State { slot, ..state.clone() });
        }
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        state.source.violation()
    }

    fn violation_at_rest(&self, state: &State) -> Option<&'static str> {
        state.readers.iter().any(|reader| reader.at != At::Done).then_some("a reader is stuck")
    }
}

fn tags(broken: Option<Rule>) -> Tags {
    Tags { readers: 2 + larger(), partial: false, broken }
}

#[test]
fn tags_keep_c1() {
    holds("tags", &tags(None));
}

#[test]
fn tags_that_only_the_entry_has_keep_c1() {
    holds("tags, with a reader that declares fewer", &Tags { partial: true, ..tags(None) });
}

#[test]
fn a_counter_for_an_id_is_caught() {
    fails("tags, a counter for an id", &tags(Some(Rule::UniqueTagId)));
}

#[test]
fn ids_read_after_the_load_are_caught() {
    fails("tags, ids read after the load", &tags(Some(Rule::SnapshotBeforeLoad)));
}

#[test]
fn a_comparison_of_the_first_tag_only_is_caught() {
    fails("tags, only the first one compared", &tags(Some(Rule::EveryDeclaredTag)));
}

#[test]
fn a_lost_id_that_counts_as_valid_is_caught() {
    fails("tags, a lost id that counts as valid", &tags(Some(Rule::LostIdIsInvalid)));
}

#[test]
fn undeclared_tags_of_the_entry_that_are_not_compared_are_caught() {
    let model = Tags { partial: true, ..tags(Some(Rule::UndeclaredTags)) };
    fails("tags, those that only the entry has not compared", &model);
}
