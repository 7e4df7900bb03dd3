//! Small helpers over the generator of random numbers.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// `true` in one of `n` cases.
pub(crate) fn one_in(rng: &mut StdRng, n: u32) -> bool {
    rng.random_range(0..n) == 0
}

/// One of them.
pub(crate) fn pick<'a, T: ?Sized>(rng: &mut StdRng, choices: &[&'a T]) -> &'a T {
    choices.choose(rng).expect("at least one choice")
}

/// The return kinds: spellings that mean the same, whether there may be no value, whether it may fail.
#[derive(Clone, Copy)]
pub(crate) struct Returns {
    pub(crate) spelling: &'static str,
    pub(crate) none: bool,
    pub(crate) fails: bool,
}

pub(crate) fn returns(rng: &mut StdRng, number: u32) -> Returns {
    let (none, fails) = (number & 1 == 1, number & 2 == 2);
    let spellings: &[&'static str] = match (none, fails) {
        (false, false) => &["Item", "Plain"],
        (true, false) => &["Option<Item>", "Maybe<Item>", "std::option::Option<Item>"],
        (false, true) => &["Result<Item, Failure>", "Fallible<Item>", "std::result::Result<Item, Failure>"],
        (true, true) => &["Result<Option<Item>, Failure>", "Fallible<Maybe<Item>>", "Answered"],
    };
    Returns { spelling: pick(rng, spellings), none, fails }
}
