//! The serializer, and what it collects the elements of a value in.

use serde::Serialize;

use super::event::{Failed, Kind, leaf, mix, narrow};

/// A serializer that results in a digest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digester {
    pub(super) human_readable: bool,
}

impl Digester {
    pub(super) fn inner<T: Serialize + ?Sized>(self, outer: u64, value: &T) -> Result<u64, Failed> {
        Ok(mix(outer, value.serialize(self)?))
    }

    pub(super) fn ordered(self, outer: u64) -> Ordered {
        Ordered { digester: self, digest: outer }
    }

    pub(super) fn unordered(self, kind: Kind) -> Unordered {
        Unordered { digester: self, kind, sum: 0, count: 0, key: 0 }
    }
}

/// Elements whose order counts: fields and what stands at a fixed place.
#[derive(Debug)]
pub(super) struct Ordered {
    digester: Digester,
    pub(super) digest: u64,
}

impl Ordered {
    pub(super) fn add<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failed> {
        let place = if name.is_empty() { self.digest } else { mix(self.digest, leaf(Kind::Str, name)) };
        self.digest = self.digester.inner(place, value)?;
        Ok(())
    }
}

/// Elements whose order does not count.
#[derive(Debug)]
pub(super) struct Unordered {
    pub(super) digester: Digester,
    kind: Kind,
    sum: u64,
    count: u64,
    /// The digest of the key whose value is to come.
    pub(super) key: u64,
}

impl Unordered {
    pub(super) fn add<T: Serialize + ?Sized>(&mut self, outer: u64, value: &T) -> Result<(), Failed> {
        self.sum = self.sum.wrapping_add(self.digester.inner(outer, value)?);
        self.count += 1;
        Ok(())
    }

    pub(super) fn end(self) -> u64 {
        mix(narrow(self.kind, self.count), self.sum)
    }
}
