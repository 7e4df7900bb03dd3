//! `Pool`: the connections that commands go over.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, ServerErrorKind, Value};

use super::connection::{Connector, Lane, Link};
use super::error::{from_client, unexpected};
use super::reply::ok;
use super::run::Run;
use super::scripts::{self, Call, Command};
use crate::entry::RunId;
use crate::error::Result;

/// A value of this many bytes and more is sent over a lane of its own: on a slow network it would hold up the evictions
/// behind it for as long as it takes.
const BIG_VALUE_BYTES: usize = 64 * 1024;

/// A ping behind a big value may take long, though buffers on the way have taken all of it.
const BIG_VALUES_PING_LOOK: Duration = Duration::from_secs(5);

/// One lane for writes, one for big values, and some for reads.
///
/// Writes share a lane, in the order in which they were sent: what closes a key or a tag for a writer would, behind what
/// opens it, keep it closed until its own end. A value needs no order. Its fill names the lease that admits it, or the
/// intent, which were answered before it was sent: what an eviction overtook finds neither.
#[derive(Debug)]
pub(super) struct Pool {
    writes: Lane,
    /// Connects with the first big value.
    big_values: Option<Lane>,
    reads: Vec<Lane>,
}

impl Pool {
    /// Lanes that connect when they are first used; with one connection, everything shares the writes' lane.
    pub(super) fn new(connector: &Connector, connections: usize) -> Self {
        let quiet = Connector { speaks: false, ..connector.clone() };
        Pool {
            writes: Lane::new(connector.clone()),
            big_values: (connections > 1)
                .then(|| Lane::new(Connector { ping_look: BIG_VALUES_PING_LOOK, ..quiet.clone() })),
            reads: (1..connections).map(|_| Lane::new(quiet.clone())).collect(),
        }
    }

    /// Waits for the first attempt of every lane.
    ///
    /// # Errors
    /// What the first lane that is not connected says.
    pub(super) async fn connect(&self) -> Result<()> {
        let mut outcome = Ok(());
        for lane in self.lanes() {
            outcome = outcome.and(lane.connection().await.map(drop));
        }
        outcome
    }

    /// The run of the server that writes go to.
    pub(super) async fn run(&self) -> Result<RunId> {
        Ok(self.writes.link().await?.run.id)
    }

    /// Sends one reading command. Returns the reply and the run of the server that gave it.
    pub(super) async fn read(&self, key: &str, command: &Cmd) -> Result<(Value, Run)> {
        let mut link = self.read_lane(key).link().await?;
        Ok((request(&mut link.connection, command).await?, link.run))
    }

    /// Sends one writing command.
    pub(super) async fn write(&self, command: &Cmd) -> Result<Value> {
        request(&mut self.writes.connection().await?, command).await
    }

    /// Sends one command to every lane.
    pub(super) async fn every(&self, command: &Cmd) -> Result<()> {
        for lane in self.lanes() {
            request(&mut lane.connection().await?, command).await?;
        }
        Ok(())
    }

    /// Sends writing commands in one go. The replies come in order; each may be an error of its own. With them comes the
    /// run of the server that gave them.
    pub(super) async fn write_all<C>(
        &self,
        commands: impl IntoIterator<Item = C>,
    ) -> Result<(Vec<Value>, Run)>
    where
        Command: From<C>,
    {
        send(&self.writes, commands).await
    }

    /// As [`Pool::write_all`], for commands that store a value of `bytes` under a lease or an intent.
    pub(super) async fn store_all<C>(
        &self,
        bytes: usize,
        commands: impl IntoIterator<Item = C>,
    ) -> Result<(Vec<Value>, Run)>
    where
        Command: From<C>,
    {
        let big_values = self.big_values.as_ref().filter(|_| bytes >= BIG_VALUE_BYTES);
        send(big_values.unwrap_or(&self.writes), commands).await
    }

    /// As [`Pool::store_all`], for one script.
    pub(super) async fn store(&self, bytes: usize, script: Call) -> Result<Value> {
        let (mut replies, _) = self.store_all(bytes, [script]).await?;
        ok(replies.pop().unwrap_or_default())
    }

    /// Calls one script.
    pub(super) async fn call(&self, script: Call) -> Result<Value> {
        Ok(self.call_with_run(script).await?.0)
    }

    /// Calls one script. Returns the reply and the run of the server that gave it.
    pub(super) async fn call_with_run(&self, script: Call) -> Result<(Value, Run)> {
        let (mut replies, run) = self.write_all([script]).await?;
        Ok((ok(replies.pop().unwrap_or_default())?, run))
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        std::iter::once(&self.writes).chain(&self.reads)
    }

    fn read_lane(&self, key: &str) -> &Lane {
        if self.reads.is_empty() {
            return &self.writes;
        }
        &self.reads[spread(key) % self.reads.len()]
    }
}

async fn send<C>(lane: &Lane, commands: impl IntoIterator<Item = C>) -> Result<(Vec<Value>, Run)>
where
    Command: From<C>,
{
    let Link { mut connection, run, .. } = lane.link().await?;
    let pipeline = pipeline(commands.into_iter().map(|command| Command::from(command).into_cmd(run)));
    let mut replies = request_all(&mut connection, &pipeline).await?;
    if let Some(first) = replies.iter().position(is_unknown_script) {
        replies.truncate(first);
        replies.extend(teach(&mut connection, &pipeline, first).await?);
    }
    // Callers identify replies by their position.
    if replies.len() == pipeline.len() { Ok((replies, run)) } else { Err(unexpected()) }
}

/// FNV-1a: nothing more is asked than that keys spread over a handful of lanes.
fn spread(key: &str) -> usize {
    let hash =
        key.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // The low bits of FNV are its weak ones.
    (hash >> 16) as usize
}

fn pipeline(commands: impl IntoIterator<Item = Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}

async fn request(connection: &mut MultiplexedConnection, command: &Cmd) -> Result<Value> {
    let reply = connection.req_packed_command(command).await;
    ok(reply.map_err(|error| from_client(&error))?)
}

async fn request_all(connection: &mut MultiplexedConnection, pipeline: &Pipeline) -> Result<Vec<Value>> {
    let replies = connection.req_packed_commands(pipeline, 0, pipeline.len()).await;
    replies.map_err(|error| from_client(&error))
}

fn is_unknown_script(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript))
}

/// Loads the scripts and sends again what came from the first unknown one on: the commands behind it (the tag ids
/// that are read after a fill) count on its having run.
async fn teach(connection: &mut MultiplexedConnection, sent: &Pipeline, first: usize) -> Result<Vec<Value>> {
    let lessons = scripts::load_all();
    let taught = lessons.len();
    let again = pipeline(lessons.into_iter().chain(sent.cmd_iter().skip(first).cloned()));
    let mut replies = request_all(connection, &again).await?;
    Ok(replies.split_off(taught.min(replies.len())))
}
