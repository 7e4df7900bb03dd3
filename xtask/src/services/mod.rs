//! The servers and tools that the checks need: here they are installed and built. The servers are run by the tests'
//! fixtures.

mod apt;
pub(crate) mod chromium;
pub(crate) mod ferretdb;
mod missing;
pub(crate) mod pip;
pub(crate) mod promtool;
pub(crate) mod redis;

pub(crate) use self::missing::is_missing;
