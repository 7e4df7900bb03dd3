//! The digest of one event.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::ser;

/// What kind of event a digest is of, so that no two kinds have the same.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Kind {
    Bool,
    Signed,
    Unsigned,
    F32,
    F64,
    Char,
    Str,
    Bytes,
    None,
    Some,
    Unit,
    Variant,
    Newtype,
    Seq,
    Tuple,
    Map,
    Struct,
}

/// One event with nothing inside it.
pub(super) fn leaf(kind: Kind, content: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind as u8).hash(&mut hasher);
    content.hash(&mut hasher);
    hasher.finish()
}

/// An event around another one. The constants are those of `SplitMix64`; it is called for each element of a list of bytes.
pub(super) fn mix(outer: u64, inner: u64) -> u64 {
    let mut mixed = outer.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) ^ inner;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

pub(super) fn wide(kind: Kind, bits: u128) -> u64 {
    #[allow(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let (high, low) = ((bits >> 64) as u64, bits as u64);
    mix(mix(kind as u64, high), low)
}

pub(super) fn narrow(kind: Kind, bits: u64) -> u64 {
    wide(kind, bits.into())
}

pub(super) fn variant(index: u32, name: &str) -> u64 {
    leaf(Kind::Variant, (index, name))
}

/// The value's own `Serialize` failed.
#[derive(Debug)]
pub(super) struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value cannot be serialized")
    }
}

impl std::error::Error for Failed {}

impl ser::Error for Failed {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Failed
    }
}
