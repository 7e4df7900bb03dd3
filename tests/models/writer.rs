//! A writer that commits, changes what is cached, and acknowledges.

use crate::world::Source;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Writer {
    Start,
    Committed(u8),
    Changed(u8),
    Done,
}

/// What a writer's state is part of.
pub(crate) trait Written {
    fn source(&mut self) -> &mut Source;
}

impl Writer {
    /// Takes the next step, if one is left. `change` is what the writer does to the cache for the version it
    /// committed, and what to call that.
    pub(crate) fn step<S: Written>(
        self,
        next: &mut S,
        change: impl FnOnce(&mut S, u8) -> &'static str,
    ) -> Option<(&'static str, Writer)> {
        Some(match self {
            Writer::Start => ("commits", Writer::Committed(next.source().commit())),
            Writer::Committed(version) => (change(next, version), Writer::Changed(version)),
            Writer::Changed(version) => {
                next.source().acknowledge(version);
                ("acknowledges", Writer::Done)
            }
            Writer::Done => return None,
        })
    }
}
