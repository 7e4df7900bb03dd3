//! The scripts, and how one is called.

use std::sync::LazyLock;

use redis::{Cmd, ToRedisArgs, cmd};

use super::run::Run;

/// A call of a script, without the arguments of the connection that it is sent on: a retry may use another one.
#[derive(Debug, Clone)]
pub(super) struct Call(Cmd);

impl Call {
    /// Appends an argument.
    pub(super) fn arg(&mut self, argument: impl ToRedisArgs) -> &mut Self {
        self.0.arg(argument);
        self
    }
}

/// One of the commands that are sent together.
#[derive(Debug, Clone)]
pub(super) enum Command {
    /// A complete command.
    Plain(Cmd),
    /// A call of a script, to be completed.
    Script(Call),
}

impl Command {
    /// The command as it is sent to this run of the server.
    pub(super) fn into_cmd(self, run: Run) -> Cmd {
        match self {
            Command::Plain(command) => command,
            Command::Script(Call(mut command)) => {
                run.add_to(&mut command);
                command
            }
        }
    }
}

impl From<Cmd> for Command {
    fn from(command: Cmd) -> Self {
        Command::Plain(command)
    }
}

impl From<Call> for Command {
    fn from(call: Call) -> Self {
        Command::Script(call)
    }
}

/// A Lua script, which the server finds by its hash.
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
    pub(super) fn call(&self, key: &str) -> Call {
        self.call_on(&[key])
    }

    /// A call on some keys; the arguments are appended by the caller.
    pub(super) fn call_on(&self, keys: &[&str]) -> Call {
        let mut call = cmd("EVALSHA");
        call.arg(&self.hash).arg(keys.len()).arg(keys);
        Call(call)
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
                Script::new(concat!(include_str!("record.lua"), include_str!($file)))
            });
        )*

        /// The commands that load every script into a server.
        pub(super) fn load_all() -> Vec<Cmd> {
            vec![$($name.load()),*]
        }
    };
}

scripts! {
    LEASE = "lease.lua";
    TAKE_LEASE = "take_lease.lua";
    FILL = "fill.lua";
    RELEASE = "release.lua";
    INVALIDATE = "invalidate.lua";
    SWEEP = "sweep.lua";
    BEGIN_WRITE = "begin_write.lua";
    END_WRITE = "end_write.lua";
    STAMP = "stamp.lua";
    TAG = "tag.lua";
    ROTATE = "rotate.lua";
    TTL = "ttl.lua";
    INSPECT = "inspect.lua";
    EXPIRE = "expire.lua";
    ADD = "add.lua";
    LOCK = "lock.lua";
    ROSTER = "roster.lua";
    RATE = "rate.lua";
}
