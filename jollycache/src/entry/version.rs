//! `Version`: the source's own order of a value's states.

/// A version that a source gives its values: a revision number, or the time of the last change in whole units.
///
/// Later states must have greater versions. Any integer is one; the order is that of the integers.
///
/// ```
/// use jollycache::Version;
///
/// assert!(Version::from(-1_i64) < Version::from(7_u32));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

macro_rules! from_unsigned {
    ($($type:ty),*) => {$(
        impl From<$type> for Version {
            fn from(version: $type) -> Self {
                // Above all negative numbers; beyond `i64::MAX` the order ends, which no revision reaches.
                Version((1 << 63) | u64::from(version))
            }
        }
    )*};
}

macro_rules! from_signed {
    ($($type:ty),*) => {$(
        impl From<$type> for Version {
            fn from(version: $type) -> Self {
                // Flipping the sign bit turns the order of signed numbers into that of unsigned ones.
                Version(i64::from(version).cast_unsigned() ^ (1 << 63))
            }
        }
    )*};
}

from_unsigned!(u8, u16, u32, u64);
from_signed!(i8, i16, i32, i64);
