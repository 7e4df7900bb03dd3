//! What a process writes down: one line an event, so that a killed process leaves all but its last ones.

use std::fmt;
use std::str::{FromStr, SplitAsciiWhitespace};

/// Nanoseconds of a clock that all processes of a history share.
pub type Nanos = u64;

/// A finished read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The process that read.
    pub process: u32,
    /// Just before the call.
    pub started: Nanos,
    /// Just after it.
    pub ended: Nanos,
    /// The source's version of the value that was returned.
    pub version: u64,
    /// When the load of that value started; of a value that a writer put, when it was committed.
    pub loaded_at: Nanos,
}

/// An acknowledged invalidation. One that failed, or whose process died, promises nothing and is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalidation {
    /// The process that invalidated.
    pub process: u32,
    /// Just before it, or earlier where the exact time cannot be seen from outside.
    pub started: Nanos,
    /// Just after it.
    pub acknowledged: Nanos,
    /// The version that was committed before it.
    pub version: u64,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// See [`Read`].
    Read(Read),
    /// See [`Invalidation`].
    Invalidation(Invalidation),
}

impl Event {
    /// When it started.
    pub fn started(&self) -> Nanos {
        match self {
            Event::Read(read) => read.started,
            Event::Invalidation(invalidation) => invalidation.started,
        }
    }

    /// When it ended.
    pub fn ended(&self) -> Nanos {
        match self {
            Event::Read(read) => read.ended,
            Event::Invalidation(invalidation) => invalidation.acknowledged,
        }
    }
}

/// An event of one register: a name whose reads all return versions of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The name, without spaces.
    pub register: String,
    /// What happened to it.
    pub event: Event,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let register = &self.register;
        match &self.event {
            Event::Read(Read { process, started, ended, version, loaded_at }) => {
                write!(f, "{register} read {process} {started} {ended} {version} {loaded_at}")
            }
            Event::Invalidation(Invalidation { process, started, acknowledged, version }) => {
                write!(f, "{register} invalidation {process} {started} {acknowledged} {version}")
            }
        }
    }
}

/// A line that is not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotARecord;

impl FromStr for Record {
    type Err = NotARecord;

    fn from_str(line: &str) -> Result<Self, NotARecord> {
        let mut words = line.split_ascii_whitespace();
        let register = words.next().ok_or(NotARecord)?.to_owned();
        let event = match words.next() {
            Some("read") => Event::Read(Read {
                process: number(&mut words)?,
                started: number(&mut words)?,
                ended: number(&mut words)?,
                version: number(&mut words)?,
                loaded_at: number(&mut words)?,
            }),
            Some("invalidation") => Event::Invalidation(Invalidation {
                process: number(&mut words)?,
                started: number(&mut words)?,
                acknowledged: number(&mut words)?,
                version: number(&mut words)?,
            }),
            _ => return Err(NotARecord),
        };
        if words.next().is_some() { Err(NotARecord) } else { Ok(Record { register, event }) }
    }
}

fn number<N: FromStr>(words: &mut SplitAsciiWhitespace<'_>) -> Result<N, NotARecord> {
    words.next().and_then(|word| word.parse().ok()).ok_or(NotARecord)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_as_it_was_written() {
        let read = Event::Read(Read { process: 1, started: 2, ended: 3, version: 4, loaded_at: 5 });
        let invalidation =
            Event::Invalidation(Invalidation { process: 6, started: 7, acknowledged: 8, version: 9 });
        for event in [read, invalidation] {
            let record = Record { register: "item-0".to_owned(), event };
            assert_eq!(record.to_string().parse(), Ok(record));
        }
    }

    #[test]
    fn a_torn_or_foreign_line_is_no_record() {
        for line in ["", "item-0", "item-0 read 1 2 3 4", "item-0 read 1 2 3 4 5 6", "item-0 write 1 2 3 4"] {
            assert_eq!(line.parse::<Record>(), Err(NotARecord), "{line:?}");
        }
    }
}
