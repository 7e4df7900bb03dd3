//! One file a command.

pub(crate) mod alerts;
pub(crate) mod bench;
pub(crate) mod bless;
pub(crate) mod dependencies;
pub(crate) mod package;
pub(crate) mod services;
pub(crate) mod spelling;
pub(crate) mod test;
pub(crate) mod verify;
