//! `Reader`: the steps of one read. Each file beside this one adds those of its subject.

use std::sync::Arc;

use super::lookup::Lookup;
use crate::engine::Engine;
use crate::error::Result;
use crate::store::Call;

/// One read by an engine: two references, so that a hit costs nothing more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) lookup: &'a Lookup,
}

impl<'a> Reader<'a> {
    pub(in crate::engine) fn new(engine: &'a Arc<Engine>, lookup: &'a Lookup) -> Self {
        Reader { engine, lookup }
    }

    /// One operation of this read.
    ///
    /// # Errors
    /// As [`Store::call`](crate::store::Store::call).
    pub(super) fn call(self) -> Result<Call<'a>> {
        self.lookup.call(&self.engine.store)
    }
}

/// Many reads at once, of one region and policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchReader<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) lookups: &'a [&'a Lookup],
}

impl<'a> BatchReader<'a> {
    pub(in crate::engine) fn new(engine: &'a Arc<Engine>, lookups: &'a [&'a Lookup]) -> Self {
        BatchReader { engine, lookups }
    }

    /// The reader of each lookup, in their order.
    pub(super) fn each(self) -> impl Iterator<Item = Reader<'a>> {
        self.lookups.iter().map(move |lookup| Reader { engine: self.engine, lookup })
    }
}
