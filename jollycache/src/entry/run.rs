//! `RunId`: which run of the server a record was written under.

use std::fmt;

/// A run of a server, from its start to its end, by the first 32 bits of the SHA-256 of its `run_id`.
///
/// A server that starts from a dump or a log brings back what had been evicted after it was written. A record of
/// another run than the present one is therefore not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RunId(pub [u8; 4]);

impl RunId {
    /// The run that the server calls `run_id`.
    pub fn of(run_id: &str) -> Self {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(run_id.as_bytes());
        RunId([digest[0], digest[1], digest[2], digest[3]])
    }

    /// A run that is no other's.
    pub fn random() -> Self {
        RunId(rand::random())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}
