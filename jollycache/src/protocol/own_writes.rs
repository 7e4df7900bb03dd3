//! `OwnWrites`: which changes of the id of all writes a call made itself.

use crate::entry::Token;

/// The most own changes that wait for the one before them; one more counts as another writer's.
const MAX_WAITING: usize = 64;

/// The chain of ids that one call tree gave the tag of all writes, from the id that was found when the call began.
///
/// Ids are never used twice, so a chain of own changes without a gap is everything that happened: had another writer
/// come in between, an own change would have replaced that writer's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnWrites {
    start: Token,
    end: Token,
    /// Changes whose predecessor has not been recorded: answers of concurrent calls come in any order.
    waiting: Vec<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Change {
    replaced: Token,
    fresh: Token,
}

impl OwnWrites {
    /// Nothing was changed since `start` was found.
    pub fn since(start: Token) -> Self {
        OwnWrites { start, end: start, waiting: Vec::new() }
    }

    /// The call replaced the id `replaced` by `fresh`.
    pub fn record(&mut self, replaced: Token, fresh: Token) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push(Change { replaced, fresh });
        }
        while let Some(next) = self.waiting.iter().position(|change| change.replaced == self.end) {
            self.end = self.waiting.swap_remove(next).fresh;
        }
    }

    /// Whether the call changed anything.
    pub fn is_empty(&self) -> bool {
        self.start == self.end && self.waiting.is_empty()
    }

    /// Whether no other writer wrote since the start, if the tag's id is `now`.
    pub fn explains(&self, now: Token) -> bool {
        self.end == now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> Token {
        Token([number; 16])
    }

    #[test]
    fn a_chain_of_own_changes_explains_its_end_and_nothing_else() {
        let mut own = OwnWrites::since(id(1));
        assert!(own.is_empty() && own.explains(id(1)));
        own.record(id(1), id(2));
        own.record(id(2), id(3));
        assert!(!own.is_empty());
        assert!(own.explains(id(3)));
        assert!(!own.explains(id(1)) && !own.explains(id(2)) && !own.explains(id(4)));
    }

    #[test]
    fn answers_may_come_in_any_order() {
        let mut own = OwnWrites::since(id(1));
        own.record(id(3), id(4));
        own.record(id(2), id(3));
        assert!(!own.explains(id(4)), "the first change is missing");
        own.record(id(1), id(2));
        assert!(own.explains(id(4)));
    }

    #[test]
    fn a_change_of_another_between_own_ones_is_a_gap() {
        let mut own = OwnWrites::since(id(1));
        own.record(id(1), id(2));
        own.record(id(9), id(3));
        assert!(!own.explains(id(3)));
        assert!(!own.is_empty());
    }

    #[test]
    fn a_change_that_was_sent_twice_explains_nothing() {
        let mut own = OwnWrites::since(id(1));
        own.record(id(2), id(2));
        assert!(!own.explains(id(2)));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut own = OwnWrites::since(id(0));
        for number in 1..=200 {
            own.record(id(number), id(number + 1));
        }
        assert_eq!(own.waiting.len(), MAX_WAITING);
    }
}
