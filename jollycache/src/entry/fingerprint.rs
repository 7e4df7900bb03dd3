//! `Fingerprint`: what an entry's type was, so that a changed type reads as a miss.

use sha2::{Digest, Sha256};

/// 64 bits that stand for a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of `T`.
    pub fn of<T: ?Sized>() -> Self {
        let digest = Sha256::digest(std::any::type_name::<T>().as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Fingerprint(u64::from_be_bytes(first))
    }
}
