//! A digest of the events that a value passes to a serializer, without loss, to compare two values that need not
//! be comparable.
//!
//! A format may write two different values alike; their events differ. The elements of sequences and of maps count in any
//! order, since a `HashSet` and a `HashMap` have another one in each instance, and a format that keeps their number and
//! their elements keeps their order.

mod digester;
mod elements;
mod event;
mod serializer;

use serde::Serialize;

use self::digester::Digester;

/// The digest of `value`, as a format that is human-readable, or is not, receives it. `None` if the value cannot
/// be serialized.
pub(super) fn digest<V: Serialize + ?Sized>(value: &V, human_readable: bool) -> Option<u64> {
    value.serialize(Digester { human_readable }).ok()
}
