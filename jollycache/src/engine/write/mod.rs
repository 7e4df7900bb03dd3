//! Writing: announced writes, and values that are stored whatever is there.

mod intent;
mod overwrite;

pub(crate) use self::intent::{Put, Write, WriteIntent};
pub(crate) use self::overwrite::Overwrite;
