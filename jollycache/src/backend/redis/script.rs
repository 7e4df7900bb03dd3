//! The scripts, and how one is called.

use std::sync::LazyLock;

use redis::{Cmd, cmd};

/// A Lua script, known to the server by its hash.
#[derive(Debug)]
pub(super) struct Script {
    code: &'static str,
    hash: String,
}

impl Script {
    fn new(code: &'static str) -> Self {
        let hash = redis::Script::new(code).get_hash().to_owned();
        Script { code, hash }
    }

    /// A call on `key`; the arguments are appended by the caller.
    pub(super) fn call(&self, key: &str) -> Cmd {
        self.call_on(&[key])
    }

    /// A call on some keys; the arguments are appended by the caller.
    pub(super) fn call_on(&self, keys: &[&str]) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(&self.hash).arg(keys.len()).arg(keys);
        call
    }

    fn load(&self) -> Cmd {
        let mut load = cmd("SCRIPT");
        load.arg("LOAD").arg(self.code);
        load
    }
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $(
            $(#[$doc])*
            pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
                Script::new(concat!(include_str!("scripts/record.lua"), include_str!(concat!("scripts/", $file))))
            });
        )*

        /// The commands that make every script known to a server.
        pub(super) fn load_all() -> Vec<Cmd> {
            vec![$($name.load()),*]
        }
    };
}

scripts! {
    LEASE = "lease.lua";
    FILL = "fill.lua";
    RELEASE = "release.lua";
    STORE = "store.lua";
    INVALIDATE = "invalidate.lua";
    SWEEP = "sweep.lua";
    BEGIN_WRITE = "begin_write.lua";
    END_WRITE = "end_write.lua";
    STAMP = "stamp.lua";
    TAG = "tag.lua";
    TTL = "ttl.lua";
    INSPECT = "inspect.lua";
    EXPIRE = "expire.lua";
    ADD = "add.lua";
    LOCK = "lock.lua";
    RATE = "rate.lua";
}
