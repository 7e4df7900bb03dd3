//! The specification of the generated functions, which the model reads.

use super::world::Call;

/// The options of `#[cacheable]`.
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is drawn by itself")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReaderSpec {
    pub(crate) none: bool,
    pub(crate) fails: bool,
    pub(crate) none_stored: bool,
    pub(crate) unless: bool,
    pub(crate) condition: bool,
    pub(crate) tags: bool,
    pub(crate) ttl_only: bool,
}

/// The target of an eviction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Key,
    /// Every name of the id, by a pattern.
    Id,
    Tag,
    TagOfId,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
    Around,
}

/// One attribute of a writer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Evict { targets: &'static [Target], when: When, condition: bool, unless: bool, returned: bool },
    Put { tags: bool, condition: bool, unless: bool, returned: bool, other: bool },
}

pub(crate) struct Writer {
    pub(crate) name: &'static str,
    /// Its attributes as they are written.
    pub(crate) text: &'static str,
    pub(crate) none: bool,
    pub(crate) fails: bool,
    /// Whether its body calls the reader, with the same arguments.
    pub(crate) reads: bool,
    pub(crate) steps: &'static [Step],
    pub(crate) call: Call,
}

pub(crate) struct Group {
    pub(crate) number: u32,
    /// The reader as it is written.
    pub(crate) text: &'static str,
    pub(crate) spec: ReaderSpec,
    pub(crate) read: Call,
    pub(crate) writers: Vec<Writer>,
}
