//! Which samples are offered, and what is tried next when one is rejected.
//!
//! A type is deserialized again and again. One *attempt* follows the decisions of the last one up to where that was
//! rejected, and there decides otherwise. A *round* is the attempts until the type takes all, or nothing is left to
//! try. Each round enters variants of enums that the rounds before did not; the trace is what all rounds' last
//! attempts recorded. Every limit ends the trace early, at the same place each time.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::rejected::Rejected;

/// How many requests all attempts together may make.
const MAX_STEPS: usize = 50_000;
/// How deep values may nest.
const MAX_DEPTH: usize = 32;
/// How many rounds there may be.
const MAX_ROUNDS: usize = 200;

/// Names that identify a type in a trace: its own and its parts'.
pub(super) type Names = (&'static str, &'static [&'static str]);

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Point {
    /// Which of `of` samples to offer.
    Sample { chosen: usize, of: usize },
    /// With which keys to offer a map.
    Keys(Vec<&'static str>),
    /// Which words are known here.
    Word(&'static [&'static str]),
}

/// The state of one attempt.
#[derive(Debug, Default)]
pub(super) struct Run {
    text: String,
    steps: usize,
    round: usize,
    depth: usize,
    points: Vec<Point>,
    next: usize,
    /// The points of the values being filled, outermost first.
    filling: Vec<usize>,
    /// The structs and enums being filled, outermost first.
    open: Vec<Names>,
    /// How many variants of an enum were entered so far.
    entered: BTreeMap<Names, usize>,
}

/// Records what `attempt` asks for.
pub(super) fn trace(attempt: impl Fn(&mut Run) -> Result<(), Rejected>) -> String {
    let mut run = Run::default();
    let mut text = String::new();
    let mut fruitless = 0;
    while run.round < MAX_ROUNDS && fruitless <= run.most_variants() {
        let entered = run.entered.clone();
        run.points.clear();
        let ended = round(&mut run, &entered, &attempt);
        if run.round == 0 || run.entered != entered {
            fruitless = 0;
            text.push_str(&run.text);
            text.push('\n');
        } else {
            // The variants left are behind one that was entered before: another of those may lead there.
            fruitless += 1;
        }
        if ended == Err(Rejected::Limit) || run.has_entered_all() {
            break;
        }
        run.round += 1;
    }
    text
}

fn round(
    run: &mut Run,
    entered: &BTreeMap<Names, usize>,
    attempt: impl Fn(&mut Run) -> Result<(), Rejected>,
) -> Result<(), Rejected> {
    loop {
        run.restart(entered);
        // A type that panics on a sample would otherwise take the caller's call with it.
        let ended = catch_unwind(AssertUnwindSafe(|| attempt(run))).unwrap_or(Err(Rejected::Sample));
        match ended {
            Err(rejected) if rejected != Rejected::Limit && run.reconsider(rejected) => {}
            ended => return ended,
        }
    }
}

impl Run {
    fn restart(&mut self, entered: &BTreeMap<Names, usize>) {
        self.text.clear();
        self.depth = 0;
        self.next = 0;
        self.filling.clear();
        self.open.clear();
        self.entered.clone_from(entered);
    }

    fn has_entered_all(&self) -> bool {
        self.entered.iter().all(|((_, variants), &count)| count >= variants.len())
    }

    fn most_variants(&self) -> usize {
        self.entered.keys().map(|(_, variants)| variants.len()).max().unwrap_or_default()
    }

    /// Records a request.
    pub(super) fn record(&mut self, what: &str) -> Result<(), Rejected> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Rejected::Limit);
        }
        self.text.push_str(what);
        self.text.push(' ');
        Ok(())
    }

    /// Records a request with names.
    pub(super) fn record_names(&mut self, what: &str, names: impl Debug) -> Result<(), Rejected> {
        self.record(&format!("{what} {names:?}"))
    }

    /// Records a request that `of` samples can answer; gives the index of the one to offer.
    pub(super) fn choose(&mut self, what: &str, of: usize) -> Result<usize, Rejected> {
        self.record(what)?;
        let (_, point) = self.point(Point::Sample { chosen: 0, of });
        let Point::Sample { chosen, .. } = point else {
            return Err(Rejected::Limit);
        };
        if chosen > 0 {
            // Writing to a `String` cannot fail.
            let _ = write!(self.text, "#{chosen} ");
        }
        Ok(chosen)
    }

    /// As [`Run::choose`], for a value that is filled next; to be followed by [`Run::leave`].
    pub(super) fn enter(&mut self, what: &str, of: usize) -> Result<usize, Rejected> {
        if self.depth >= MAX_DEPTH {
            return Err(Rejected::Limit);
        }
        self.depth += 1;
        let point = self.next;
        let chosen = self.choose(what, of)?;
        self.filling.push(point);
        Ok(chosen)
    }

    /// Ends what the last [`Run::enter`] began.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.filling.pop();
        self.text.push_str("; ");
    }

    /// The type took its first part, so it is not the form that it objects to: no other form is tried.
    pub(super) fn keep_form(&mut self, point: usize) {
        if let Some(Point::Sample { chosen, of }) = self.points.get_mut(point) {
            *of = *chosen + 1;
        }
    }

    /// The point of the value that is being filled.
    pub(super) fn filled_point(&self) -> usize {
        self.filling.last().copied().unwrap_or_default()
    }

    /// The keys known to be wanted in the map that is filled next; to be followed by [`Run::leave_map`].
    pub(super) fn enter_map(&mut self) -> Vec<&'static str> {
        let (index, point) = self.point(Point::Keys(Vec::new()));
        self.filling.push(index);
        match point {
            Point::Keys(keys) => keys,
            _ => Vec::new(),
        }
    }

    /// Ends what the last [`Run::enter_map`] began.
    pub(super) fn leave_map(&mut self) {
        self.filling.pop();
    }

    /// A word for a place that does not list its words beforehand.
    pub(super) fn word(&mut self) -> &'static str {
        match self.point(Point::Word(&[])).1 {
            Point::Word(words) if !words.is_empty() => words[self.variant(("", words))],
            _ => "",
        }
    }

    /// The index of the variant to enter: one that was not entered so far, or else another than in the last round and
    /// than further out, so that a recursive enum ends.
    pub(super) fn variant(&mut self, names: Names) -> usize {
        let entered = self.entered.entry(names).or_default();
        if *entered < names.1.len() {
            *entered += 1;
            return *entered - 1;
        }
        let outer = self.open.iter().filter(|open| **open == names).count();
        (outer + self.round) % names.1.len().max(1)
    }

    /// Begins a struct or enum.
    pub(super) fn open(&mut self, names: Names) {
        self.open.push(names);
    }

    /// Ends what the last [`Run::open`] began.
    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// Whether the innermost type is also further out: then what can be left out is, so that a recursive type ends.
    pub(super) fn recurs(&self) -> bool {
        match self.open.split_last() {
            Some((last, outer)) => outer.contains(last),
            None => false,
        }
    }

    /// The decision to follow, or else the one to begin with, and its index.
    fn point(&mut self, first: Point) -> (usize, Point) {
        let index = self.next;
        self.next += 1;
        if index == self.points.len() {
            self.points.push(first);
        }
        (index, self.points[index].clone())
    }

    /// Changes a decision after a rejection; false when there is none left to change.
    fn reconsider(&mut self, rejected: Rejected) -> bool {
        self.points.truncate(self.next);
        let learned = match rejected {
            Rejected::MissingField(field) => self.add_key(field),
            Rejected::UnknownVariant(words) => self.learn_words(words),
            Rejected::Sample | Rejected::Limit => false,
        };
        learned || self.advance(self.points.len().wrapping_sub(1)) || self.advance_outer()
    }

    /// Gives a map one more key: the innermost one that is being filled, or else the last one, which the type may have
    /// kept to read from it later, as an internally tagged enum does.
    fn add_key(&mut self, field: &'static str) -> bool {
        let lacks = |point: &Point| matches!(point, Point::Keys(keys) if !keys.contains(&field));
        let filled =
            self.filling.iter().rev().copied().find(|&index| self.points.get(index).is_some_and(lacks));
        let Some(index) = filled.or_else(|| self.points.iter().rposition(lacks)) else {
            return false;
        };
        if let Point::Keys(keys) = &mut self.points[index] {
            keys.push(field);
        }
        self.points.truncate(index + 1);
        true
    }

    fn learn_words(&mut self, words: &'static [&'static str]) -> bool {
        match self.points.last_mut() {
            Some(Point::Word(known)) if known.is_empty() && !words.is_empty() => {
                *known = words;
                true
            }
            _ => false,
        }
    }

    fn advance(&mut self, index: usize) -> bool {
        match self.points.get_mut(index) {
            Some(Point::Sample { chosen, of }) if *chosen + 1 < *of => {
                *chosen += 1;
                self.points.truncate(index + 1);
                true
            }
            _ => false,
        }
    }

    /// Offers another form of the innermost value that is being filled and has one: `None` for an option, say.
    fn advance_outer(&mut self) -> bool {
        let filling = self.filling.clone();
        filling.into_iter().rev().any(|index| self.advance(index))
    }
}
