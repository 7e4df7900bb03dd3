//! `History`: the checker. Every read is compared with all invalidations that were acknowledged before it started.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::record::{Event, Invalidation, Nanos, Read, Record};

/// How many events are shown around a violation.
const SHOWN: usize = 24;

/// The events of all registers.
#[derive(Debug, Default)]
pub struct History {
    registers: BTreeMap<String, Register>,
}

#[derive(Debug, Default)]
struct Register {
    reads: Vec<Read>,
    invalidations: Vec<Invalidation>,
}

/// A read that returned what an invalidation, acknowledged before the read started, had ruled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Whose it is.
    pub register: String,
    /// The read.
    pub read: Read,
    /// The invalidation.
    pub invalidation: Invalidation,
}

impl Extend<Record> for History {
    fn extend<I: IntoIterator<Item = Record>>(&mut self, records: I) {
        for Record { register, event } in records {
            let register = self.registers.entry(register).or_default();
            match event {
                Event::Read(read) => register.reads.push(read),
                Event::Invalidation(invalidation) => register.invalidations.push(invalidation),
            }
        }
    }
}

impl FromIterator<Record> for History {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        let mut history = History::default();
        history.extend(records);
        history
    }
}

impl History {
    /// Each register's name with its number of reads and of invalidations.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.registers
            .iter()
            .map(|(name, register)| (name.as_str(), register.reads.len(), register.invalidations.len()))
    }

    /// All violations of C1, one a read at most, by register and in the order of their reads.
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        for (name, register) in &self.registers {
            found.extend(register.violations().into_iter().map(|(read, invalidation)| Violation {
                register: name.clone(),
                read,
                invalidation,
            }));
        }
        found
    }

    /// The violation and what happened around it, for people: times in microseconds from the invalidation's start.
    pub fn around(&self, violation: &Violation) -> String {
        let Violation { register: name, read, invalidation } = violation;
        let mut text = format!(
            "{name}: process {} read version {}, loaded before the invalidation of version {} by process {} started\n",
            read.process, read.version, invalidation.version, invalidation.process,
        );
        let zero = invalidation.started;
        let mut events: Vec<Event> = self.registers.get(name).map(Register::events).unwrap_or_default();
        let window = read.loaded_at.min(zero)..=read.ended;
        events.retain(|event| event.ended() >= *window.start() && event.started() <= *window.end());
        events.sort_by_key(Event::started);
        // The two that matter are at the ends of the window; what is left out is in between.
        let left_out = events.len().saturating_sub(SHOWN);
        for (index, event) in events.iter().enumerate() {
            if index == SHOWN / 2 && left_out > 0 {
                let _ = writeln!(text, "      … {left_out} more …");
            }
            if left_out == 0 || index < SHOWN / 2 || index >= SHOWN / 2 + left_out {
                let guilty = *event == Event::Read(*read) || *event == Event::Invalidation(*invalidation);
                let _ = writeln!(text, "  {} {}", if guilty { "->" } else { "  " }, line(event, zero));
            }
        }
        text
    }
}

impl Register {
    fn violations(&self) -> Vec<(Read, Invalidation)> {
        let mut acknowledged = self.invalidations.clone();
        acknowledged.sort_by_key(|invalidation| invalidation.acknowledged);
        // What all of the first n rule out together is what the last to start and the newest rule out.
        let last = running_max(&acknowledged, |invalidation| invalidation.started);
        let newest = running_max(&acknowledged, |invalidation| invalidation.version);
        let mut reads = self.reads.clone();
        reads.sort_by_key(|read| read.started);
        let broken = |read: &Read| {
            let before =
                acknowledged.partition_point(|invalidation| invalidation.acknowledged < read.started);
            let (last, newest) = (last.get(before.checked_sub(1)?)?, newest.get(before.checked_sub(1)?)?);
            let old = (read.version < newest.version).then_some(*newest);
            let early = (read.loaded_at < last.started).then_some(*last);
            old.or(early)
        };
        reads.into_iter().filter_map(|read| broken(&read).map(|by| (read, by))).collect()
    }

    fn events(&self) -> Vec<Event> {
        let reads = self.reads.iter().copied().map(Event::Read);
        reads.chain(self.invalidations.iter().copied().map(Event::Invalidation)).collect()
    }
}

/// For each position the item with the greatest key up to there.
fn running_max(items: &[Invalidation], key: impl Fn(&Invalidation) -> u64) -> Vec<Invalidation> {
    let greatest = items.iter().scan(None::<Invalidation>, |greatest, item| {
        let kept = greatest.filter(|kept| key(kept) >= key(item)).unwrap_or(*item);
        *greatest = Some(kept);
        *greatest
    });
    greatest.collect()
}

fn line(event: &Event, zero: Nanos) -> String {
    match event {
        Event::Read(Read { process, started, ended, version, loaded_at }) => format!(
            "{:>9} … {:>9}  process {process} read version {version}, loaded at {}",
            micros(*started, zero),
            micros(*ended, zero),
            micros(*loaded_at, zero),
        ),
        Event::Invalidation(Invalidation { process, started, acknowledged, version }) => format!(
            "{:>9} … {:>9}  process {process} invalidated, version {version} committed",
            micros(*started, zero),
            micros(*acknowledged, zero),
        ),
    }
}

fn micros(at: Nanos, zero: Nanos) -> String {
    if at < zero { format!("-{}", (zero - at) / 1000) } else { ((at - zero) / 1000).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(started: Nanos, version: u64, loaded_at: Nanos) -> Event {
        Event::Read(Read { process: 1, started, ended: started + 10, version, loaded_at })
    }

    fn invalidation(started: Nanos, acknowledged: Nanos, version: u64) -> Event {
        Event::Invalidation(Invalidation { process: 2, started, acknowledged, version })
    }

    fn history(events: &[Event]) -> History {
        events.iter().map(|&event| Record { register: "item-0".to_owned(), event }).collect()
    }

    /// The starts of the reads that violate, and the starts of what they violate.
    fn violations(events: &[Event]) -> Vec<(Nanos, Nanos)> {
        let found = history(events).violations();
        found.iter().map(|violation| (violation.read.started, violation.invalidation.started)).collect()
    }

    #[test]
    fn nothing_invalidated_nothing_violated() {
        assert_eq!(violations(&[]), []);
        assert_eq!(violations(&[read(10, 0, 5), read(20, 0, 5)]), []);
    }

    #[test]
    fn a_value_loaded_after_the_invalidation_started_is_good() {
        assert_eq!(violations(&[invalidation(10, 20, 1), read(30, 1, 25)]), [], "after its end");
        assert_eq!(violations(&[invalidation(10, 20, 1), read(30, 1, 15)]), [], "while it was under way");
        assert_eq!(violations(&[invalidation(10, 20, 1), read(30, 2, 25)]), [], "and newer");
        assert_eq!(violations(&[invalidation(10, 20, 1), read(30, 1, 10)]), [], "at the same instant");
    }

    #[test]
    fn an_old_value_after_the_acknowledgement_is_a_violation() {
        assert_eq!(violations(&[invalidation(10, 20, 1), read(30, 0, 5)]), [(30, 10)]);
        assert_eq!(violations(&[read(30, 0, 5), invalidation(10, 20, 1)]), [(30, 10)], "in any order");
    }

    #[test]
    fn a_load_that_began_before_is_a_violation_even_with_the_newest_version() {
        assert_eq!(violations(&[invalidation(10, 20, 1), read(30, 1, 9)]), [(30, 10)]);
    }

    #[test]
    fn an_older_version_is_a_violation_even_if_it_was_loaded_later() {
        assert_eq!(violations(&[invalidation(10, 20, 2), read(30, 1, 25)]), [(30, 10)]);
    }

    #[test]
    fn a_read_that_overlaps_the_invalidation_may_return_either() {
        assert_eq!(violations(&[invalidation(10, 20, 1), read(15, 0, 5)]), []);
        assert_eq!(violations(&[invalidation(10, 20, 1), read(20, 0, 5)]), [], "at the same instant");
        assert_eq!(violations(&[invalidation(10, 20, 1), read(21, 0, 5)]), [(21, 10)]);
    }

    #[test]
    fn an_invalidation_under_way_does_not_hide_an_acknowledged_one() {
        let events = [invalidation(10, 20, 1), invalidation(12, 100, 2), read(30, 0, 5), read(40, 1, 11)];
        assert_eq!(violations(&events), [(30, 10)]);
    }

    #[test]
    fn the_order_in_which_processes_wrote_does_not_matter() {
        assert_eq!(
            violations(&[invalidation(30, 100, 2), invalidation(10, 20, 1), read(40, 0, 5)]),
            [(40, 10)]
        );
    }

    #[test]
    fn all_acknowledged_invalidations_count_not_only_the_last() {
        // The one that was acknowledged last started first.
        let events = [invalidation(50, 60, 2), invalidation(10, 70, 1), read(80, 1, 45)];
        assert_eq!(violations(&events), [(80, 50)]);
    }

    #[test]
    fn old_and_new_alternating_is_seen_each_time() {
        let events =
            [invalidation(10, 20, 1), read(30, 1, 25), read(50, 0, 5), read(70, 1, 25), read(90, 0, 5)];
        assert_eq!(violations(&events), [(50, 10), (90, 10)]);
    }

    #[test]
    fn registers_do_not_mix() {
        let mut history = history(&[invalidation(10, 20, 1)]);
        history.extend([Record { register: "item-1".to_owned(), event: read(30, 0, 5) }]);
        assert_eq!(history.violations(), []);
        assert_eq!(history.sizes().collect::<Vec<_>>(), [("item-0", 0, 1), ("item-1", 1, 0)]);
    }

    #[test]
    fn the_report_shows_both_events_and_what_was_between() {
        let mut events =
            vec![invalidation(10_000, 20_000, 1), read(900_000, 0, 5_000), read(950_000, 1, 30_000)];
        events.extend((0..100).map(|i| read(30_000 + i * 1_000, 1, 25_000)));
        let history = history(&events);
        let found = history.violations();
        let report = history.around(&found[0]);
        assert_eq!(report.matches("->").count(), 2, "{report}");
        assert!(report.contains("invalidated, version 1 committed"), "{report}");
        assert!(report.contains("read version 0, loaded at -5"), "{report}");
        assert!(report.contains("more …"), "{report}");
        assert!(report.lines().count() <= SHOWN + 2, "{report}");
    }
}
