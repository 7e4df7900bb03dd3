//! Writes annotated functions with their options drawn by chance, for `it/annotated`.

mod draw;
mod group;
mod reader;
mod writer;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use rand::SeedableRng;
use rand::rngs::StdRng;

/// How many groups there are: a reader each, with three writers.
const GROUPS: u32 = 60;
/// The variable of the seed, as in `src/seed.rs`.
const VARIABLE: &str = "JOLLYCACHE_OUTSIDE_SEED";
const DEFAULT_SEED: u64 = 20_261_125;

fn main() {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let seed = match env::var(VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{VARIABLE} is {text:?}: expected a number")),
        Err(_) => DEFAULT_SEED,
    };
    let mut rng = StdRng::seed_from_u64(seed);
    let mut text = String::new();
    let mut all = String::new();
    for number in 0..GROUPS {
        text += &group::write(number, &mut rng);
        let _ = writeln!(all, "        g{number}::group(cache),");
    }
    let _ = writeln!(text, "pub(crate) fn groups(cache: &Cache) -> Vec<Group> {{\n    vec![\n{all}    ]\n}}");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(folder.join("annotated.rs"), text).expect("the generated functions");
}
