//! `Fingerprint`: what an entry's type was, so that a changed type reads as a miss.
//!
//! It is the hash of the type's name and of its *trace*: what the type asks serde for while it is deserialized from
//! samples, one after another until it takes one. Names of types, fields and variants, kinds of values, their order and nesting are in the
//! trace, so a field that was added, removed, renamed or changed in type gives another fingerprint.
//!
//! Not seen: what comes after a value whose `Deserialize` takes none of the samples; what an untagged enum holds; a field
//! with a default or of type `Option` in a struct that has a `#[serde(flatten)]`; and a change of meaning without one of
//! form. A `schema` number is for those.

mod access;
mod deserializer;
mod plan;
mod rejected;
mod samples;
#[cfg(test)]
mod tests;

use std::any::type_name;
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// 64 bits that stand for a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u64);

/// What was computed, by the address of the function that computes it: a type need not be `'static`, so it may have no
/// `TypeId`; and one address is one code, which always gives the same result, even if the compiler merged two types'.
static KNOWN: LazyLock<RwLock<HashMap<usize, Fingerprint>>> = LazyLock::new(RwLock::default);

impl Fingerprint {
    /// The fingerprint of `T`. Computed once in a process, then looked up.
    ///
    /// To compute it, `T` is deserialized from samples, some of which it may reject.
    pub fn of<T: DeserializeOwned>() -> Self {
        let compute: fn() -> Fingerprint = compute::<T>;
        let address = compute as usize;
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&address).copied();
        known.unwrap_or_else(|| {
            let fingerprint = compute();
            KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(address, fingerprint);
            fingerprint
        })
    }
}

fn compute<T: DeserializeOwned>() -> Fingerprint {
    let mut hash = Sha256::new();
    hash.update(type_name::<T>());
    hash.update([0]);
    hash.update(trace::<T>());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    Fingerprint(u64::from_be_bytes(first))
}

/// What `T` asks for, as text: the same in every process, for the same definition of `T`.
fn trace<T: DeserializeOwned>() -> String {
    plan::trace(|run| T::deserialize(run).map(drop))
}
