//! `Hash`: a password's hash.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// A hash of argon2, with its parameters.
pub(super) struct Hash {
    argon2: Argon2<'static>,
    salt: Salt,
    expected: Output,
}

impl Hash {
    /// Parses a PHC string; `None` if it is not one of argon2.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let hash = PasswordHash::new(text).ok()?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        let params = Params::try_from(&hash).ok()?;
        Some(Hash { argon2: Argon2::new(algorithm, version, params), salt: hash.salt?, expected: hash.hash? })
    }

    /// Returns the number of blocks that a comparison needs.
    pub(super) fn block_count(&self) -> usize {
        self.argon2.params().block_count()
    }

    /// Returns whether the password matches. Overwrites `blocks`, of which there are at least
    /// [`block_count`](Hash::block_count).
    pub(super) fn is_of(&self, password: &[u8], blocks: &mut [Block]) -> bool {
        let mut computed = [0; Output::MAX_LENGTH];
        let computed = &mut computed[..self.expected.len()];
        let done = self.argon2.hash_password_into_with_memory(password, &self.salt, computed, blocks);
        // Outputs are compared in constant time.
        done.is_ok() && Output::new(computed).is_ok_and(|computed| computed == self.expected)
    }
}
