//! Which run of the server a connection leads to.

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Value, cmd};

use super::error::from_client;
use super::reply;
use crate::entry::RunId;
use crate::error::Result;

/// Asks the server at the other end for its run; `None` where it does not tell: an ACL without `+info`, or a proxy.
pub(super) async fn learn(connection: &mut MultiplexedConnection) -> Result<Option<RunId>> {
    let answer = connection.req_packed_command(cmd("INFO").arg("server")).await;
    match answer.map_err(|error| from_client(&error))? {
        Value::ServerError(error) if is_refusal(error.code()) => Ok(None),
        info => Ok(reply::field(&reply::text(info)?, "run_id").filter(|id| !id.is_empty()).map(RunId::of)),
    }
}

/// Whether the command will never be answered, unlike one that a busy server puts off.
fn is_refusal(code: &str) -> bool {
    matches!(code, "NOPERM" | "ERR")
}
