//! What docs/keys.md promises, on hostile values.

mod document;
mod injective;
mod pattern;
mod safe;
mod stored;
mod values;
