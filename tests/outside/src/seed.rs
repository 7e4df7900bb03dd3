//! One seed for everything that is drawn.

use rand::SeedableRng;
use rand::rngs::StdRng;

/// The variable that sets the seed.
pub const VARIABLE: &str = "JOLLYCACHE_OUTSIDE_SEED";
/// The seed where nothing is said, so that every run is the same.
const DEFAULT: u64 = 20_261_125;

/// The seed of this run.
///
/// # Panics
/// When [`VARIABLE`] holds no number.
pub fn seed() -> u64 {
    match std::env::var(VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{VARIABLE} is {text:?}: expected a number")),
        Err(_) => DEFAULT,
    }
}

/// A generator for one test; it prints what repeats the test.
pub fn rng(test: &str) -> StdRng {
    let seed = seed();
    println!("{test}: {VARIABLE}={seed}");
    let salt = test.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    StdRng::seed_from_u64(seed ^ salt)
}
