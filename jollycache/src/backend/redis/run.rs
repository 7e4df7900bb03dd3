//! Which run of the server a connection leads to, and whether records of other runs are trusted.

use std::sync::Once;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, RedisError, Value, cmd};

use super::error::from_client;
use super::reply;
use crate::entry::RunId;
use crate::error::{Error, ErrorKind, Result};

/// The run of the server at the other end of a connection. A restart severs every connection, so it stays the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) id: RunId,
    trusts_others: bool,
}

impl Run {
    /// Requests the run from the server. `trusts_others`: whether values and tag ids of other runs count.
    ///
    /// If the server does not report its run (an ACL without `+info`, a proxy), a restart cannot be detected. That is an
    /// error, or, if restarts are trusted, each connection counts as a run of its own.
    pub(super) async fn learn(connection: &mut MultiplexedConnection, trusts_others: bool) -> Result<Run> {
        let answer = connection.req_packed_command(cmd("INFO").arg("server")).await;
        let id = match run_id(answer)? {
            Some(id) => id,
            None if trusts_others => unknown(),
            None => return Err(Error::new(ErrorKind::Backend, REFUSED)),
        };
        Ok(Run { id, trusts_others })
    }

    /// Whether a value or tag id of the run `written` counts. The scripts decide on leases and intents.
    pub(super) fn trusts(self, written: RunId) -> bool {
        self.trusts_others || written == self.id
    }

    /// Adds the last arguments of every script.
    pub(super) fn add_to(self, call: &mut Cmd) {
        call.arg(&self.id.0[..]).arg(u8::from(self.trusts_others));
    }
}

const REFUSED: &str = "redis does not report its run_id (INFO server), so a restart from a dump could bring back evicted \
                       entries unnoticed: allow INFO, or accept that by RedisBuilder::trust_restarts(true)";

fn run_id(answer: std::result::Result<Value, RedisError>) -> Result<Option<RunId>> {
    let info = match answer {
        Ok(Value::ServerError(error)) if is_refusal(error.code()) => return Ok(None),
        Err(error) if error.code().is_some_and(is_refusal) => return Ok(None),
        answer => reply::text(answer.map_err(|error| from_client(&error))?)?,
    };
    Ok(reply::field(&info, "run_id").filter(|id| !id.is_empty()).map(RunId::of))
}

/// Whether the server will never answer the command, unlike a busy one.
fn is_refusal(code: &str) -> bool {
    matches!(code, "NOPERM" | "ERR")
}

/// A run for each connection. With one for all, a lease from before a restart would admit a fill.
fn unknown() -> RunId {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            "redis does not report its run_id (INFO server), so each connection counts as a run of its own: leases are not \
             shared between processes, and no restart is noticed"
        );
    });
    RunId::random()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(text: &str) -> Value {
        Value::VerbatimString { format: redis::VerbatimFormat::Text, text: text.to_owned() }
    }

    #[test]
    fn a_run_is_identified_by_its_id_and_none_is_made_up() {
        let answer = info("# Server\r\nredis_version:7.0.15\r\nrun_id:0a1b\r\ntcp_port:6379\r\n");
        assert_eq!(run_id(Ok(answer)).unwrap(), Some(RunId::of("0a1b")));
        for without in ["", "# Server\r\n", "run_id:\r\n", "xrun_id:0a1b\r\n"] {
            assert_eq!(run_id(Ok(info(without))).unwrap(), None, "{without:?}");
        }
    }

    #[test]
    fn only_the_own_run_counts_unless_others_are_trusted() {
        let (id, other) = (RunId([1; 4]), RunId([2; 4]));
        for trusts_others in [false, true] {
            let run = Run { id, trusts_others };
            assert!(run.trusts(id));
            assert_eq!(run.trusts(other), trusts_others);
        }
    }
}
