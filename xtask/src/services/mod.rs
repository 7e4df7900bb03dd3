//! The servers that the tests start: here they are installed and built, the tests' fixtures run them.

mod apt;
pub(crate) mod chromium;
pub(crate) mod ferretdb;
pub(crate) mod promtool;
pub(crate) mod redis;

pub(crate) use self::apt::is_missing;
