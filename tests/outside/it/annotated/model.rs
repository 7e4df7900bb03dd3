//! What must be served: a map from places to what may be stored there.

use std::collections::HashMap;

use super::spec::{ReaderSpec, Step, Target, When};
use super::world::{Answer, Place};

/// What may be stored for a place. Where the documents leave it open, both is right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stored {
    /// This, with the group's tags or without.
    Just { answer: Answer, tags: bool },
    /// This, or nothing.
    Perhaps { answer: Answer, tags: bool },
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    stored: HashMap<Place, Stored>,
}

/// What a read must do.
#[derive(Debug, PartialEq)]
pub(crate) enum Expected {
    Hit(Answer),
    Load,
    Either(Answer),
}

impl Model {
    pub(crate) fn expected(&self, spec: ReaderSpec, place: &Place) -> Expected {
        if spec.condition && place.0 == 0 {
            return Expected::Load;
        }
        match self.stored.get(place) {
            None => Expected::Load,
            Some(Stored::Just { answer, .. }) => Expected::Hit(answer.clone()),
            Some(Stored::Perhaps { answer, .. }) => Expected::Either(answer.clone()),
        }
    }

    /// A reader's body ran and returned `answer`.
    pub(crate) fn loaded(&mut self, spec: ReaderSpec, place: &Place, answer: &Answer) {
        let stored = match answer {
            _ if spec.condition && place.0 == 0 => return,
            Answer::Item(item) => !(spec.unless && item.bad),
            Answer::None => spec.none_stored,
            Answer::Failure => false,
        };
        self.set(place, stored.then(|| Stored::Just { answer: answer.clone(), tags: spec.tags }));
    }

    /// A reader found what may have been there.
    pub(crate) fn found(&mut self, place: &Place) {
        if let Some(Stored::Perhaps { answer, tags }) = self.stored.get(place).cloned() {
            self.set(place, Some(Stored::Just { answer, tags }));
        }
    }

    /// A writer with these steps returned `answer`. A body that called the reader found `inner` in the source.
    pub(crate) fn wrote(
        &mut self,
        spec: ReaderSpec,
        steps: &[Step],
        place: &Place,
        inner: Option<&Answer>,
        answer: &Answer,
    ) {
        let before = |step: &&Step| matches!(step, Step::Evict { when: When::Before, .. });
        for step in steps.iter().filter(before) {
            self.evicted(spec, step, place, answer);
        }
        if let Some(loaded) = inner {
            self.perhaps_loaded(spec, place, loaded);
        }
        for step in steps.iter().filter(|step| !before(step)) {
            self.evicted(spec, step, place, answer);
        }
        let evicts = steps.iter().filter_map(|step| match step {
            Step::Evict { targets, .. } => Some(*targets),
            Step::Put { .. } => None,
        });
        let targets: Vec<Target> = evicts.flatten().copied().collect();
        for step in steps {
            if let Step::Put { other: false, .. } = step {
                self.put(spec, step, place, answer, &targets);
            }
        }
    }

    /// A body read the place: what it loaded is stored, unless its own call keeps it from that.
    fn perhaps_loaded(&mut self, spec: ReaderSpec, place: &Place, loaded: &Answer) {
        if !self.stored.contains_key(place) {
            self.loaded(spec, place, loaded);
            self.evict(place, false);
        }
    }

    fn evicted(&mut self, spec: ReaderSpec, step: &Step, place: &Place, answer: &Answer) {
        let Step::Evict { targets, when, condition, unless, returned } = *step else { return };
        if condition && place.0 == 0 {
            return;
        }
        let spared = match answer {
            Answer::Failure => true,
            Answer::Item(item) => unless && item.bad,
            // There is nothing that a name could start from.
            Answer::None => returned,
        };
        let sure = when == When::Before || !spared;
        if !sure && when == When::After && *answer != Answer::None {
            return;
        }
        for target in targets {
            let reached: Vec<Place> = self
                .stored
                .keys()
                .filter(|stored| self.reaches(spec, *target, place, stored))
                .cloned()
                .collect();
            for place in reached {
                self.evict(&place, sure);
            }
        }
    }

    fn reaches(&self, spec: ReaderSpec, target: Target, place: &Place, stored: &Place) -> bool {
        let tagged = !spec.ttl_only
            && matches!(
                self.stored[stored],
                Stored::Just { tags: true, .. } | Stored::Perhaps { tags: true, .. }
            );
        match target {
            Target::Key => place == stored,
            Target::Id => place.0 == stored.0,
            Target::Tag => tagged,
            Target::TagOfId => tagged && place.0 == stored.0,
            Target::All => true,
        }
    }

    fn put(&mut self, spec: ReaderSpec, step: &Step, place: &Place, answer: &Answer, targets: &[Target]) {
        let Step::Put { tags, condition, unless, returned, .. } = *step else { return };
        if condition && place.0 == 0 {
            return;
        }
        // An eviction of the same call that reaches what it puts: the documents leave open which one wins.
        let contested = targets.iter().any(|target| match target {
            Target::Key | Target::Id | Target::All => true,
            Target::Tag | Target::TagOfId => tags,
        });
        // An entry that lacks a tag of its reader is none for that reader.
        let lacks = spec.tags && !tags;
        match answer {
            Answer::Item(_) if lacks => self.evict(place, true),
            Answer::Item(item) if !(unless && item.bad) && contested => {
                self.set(place, Some(Stored::Perhaps { answer: answer.clone(), tags }));
            }
            Answer::Item(item) if !(unless && item.bad) => {
                self.set(place, Some(Stored::Just { answer: answer.clone(), tags }));
            }
            Answer::Failure => self.evict(place, false),
            // A key that starts from the value cannot be named without one.
            Answer::None if returned => self.evict(place, false),
            Answer::Item(_) | Answer::None => self.evict(place, true),
        }
    }

    fn evict(&mut self, place: &Place, sure: bool) {
        match self.stored.remove(place) {
            Some(Stored::Just { answer, tags } | Stored::Perhaps { answer, tags }) if !sure => {
                self.set(place, Some(Stored::Perhaps { answer, tags }));
            }
            _ => {}
        }
    }

    fn set(&mut self, place: &Place, stored: Option<Stored>) {
        match stored {
            Some(stored) => self.stored.insert(place.clone(), stored),
            None => self.stored.remove(place),
        };
    }
}
