//! `Pool`: the connections that commands go over.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, ServerErrorKind, Value};

use super::connection::{ConnectionGeneration, Connector, ManagedConnection};
use super::error::{from_client, unexpected};
use super::reply::ok;
use super::run::Run;
use super::scripts::{self, Call, Command};
use crate::entry::RunId;
use crate::error::Result;

/// A value of this many bytes and more is sent over a connection of its own: on a slow network the evictions behind it would
/// wait until it is through.
const BIG_VALUE_BYTES: usize = 64 * 1024;

/// See [`Connector::ping_look`]. A ping behind a big value may take long, even if buffers on the way have taken all of it.
const BIG_VALUES_PING_LOOK: Duration = Duration::from_secs(5);

/// One connection for writes, one for big values, and some for reads.
///
/// Writes share a connection, in the order in which they were sent: a command that closes a key or a tag for a writer would,
/// behind the one that opens it, keep it closed until its own end. A value needs no order. Its fill names the lease or the
/// intent that admits it, which was answered before it was sent; if an eviction overtakes the fill, it finds neither.
#[derive(Debug)]
pub(super) struct Pool {
    writes: ManagedConnection,
    /// Connects with the first big value.
    big_values: Option<ManagedConnection>,
    reads: Vec<ManagedConnection>,
}

impl Pool {
    /// Each connects on first use. With one connection, everything shares the one for writes.
    pub(super) fn new(connector: &Connector, connections: usize) -> Self {
        let quiet = Connector { logs_transitions: false, ..connector.clone() };
        Pool {
            writes: ManagedConnection::new(connector.clone()),
            big_values: (connections > 1).then(|| {
                ManagedConnection::new(Connector { ping_look: BIG_VALUES_PING_LOOK, ..quiet.clone() })
            }),
            reads: (1..connections).map(|_| ManagedConnection::new(quiet.clone())).collect(),
        }
    }

    /// Waits for the first attempt of every connection but the one for big values.
    ///
    /// # Errors
    /// That of the first one that is not established.
    pub(super) async fn connect(&self) -> Result<()> {
        let mut outcome = Ok(());
        for connection in self.connections() {
            outcome = outcome.and(connection.connection().await.map(drop));
        }
        outcome
    }

    /// The run of the server that writes go to.
    pub(super) async fn run(&self) -> Result<RunId> {
        Ok(self.writes.current().await?.run.id)
    }

    /// Sends one reading command. Returns the reply and the run of the server that gave it.
    pub(super) async fn read(&self, key: &str, command: &Cmd) -> Result<(Value, Run)> {
        let mut generation = self.read_connection(key).current().await?;
        Ok((request(&mut generation.connection, command).await?, generation.run))
    }

    /// Sends one writing command.
    pub(super) async fn write(&self, command: &Cmd) -> Result<Value> {
        request(&mut self.writes.connection().await?, command).await
    }

    /// Sends one command over every connection but the one for big values.
    pub(super) async fn every(&self, command: &Cmd) -> Result<()> {
        for connection in self.connections() {
            request(&mut connection.connection().await?, command).await?;
        }
        Ok(())
    }

    /// Sends writing commands as one pipeline. Returns the replies in order, each of which may be an error, and the run of
    /// the server that gave them.
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

    fn connections(&self) -> impl Iterator<Item = &ManagedConnection> {
        std::iter::once(&self.writes).chain(&self.reads)
    }

    fn read_connection(&self, key: &str) -> &ManagedConnection {
        if self.reads.is_empty() {
            return &self.writes;
        }
        &self.reads[spread(key) % self.reads.len()]
    }
}

async fn send<C>(
    connection: &ManagedConnection,
    commands: impl IntoIterator<Item = C>,
) -> Result<(Vec<Value>, Run)>
where
    Command: From<C>,
{
    let ConnectionGeneration { mut connection, run, .. } = connection.current().await?;
    let pipeline = pipeline(commands.into_iter().map(|command| Command::from(command).into_cmd(run)));
    let mut replies = request_all(&mut connection, &pipeline).await?;
    if let Some(first) = replies.iter().position(is_unknown_script) {
        replies.truncate(first);
        replies.extend(load_scripts_and_retry(&mut connection, &pipeline, first).await?);
    }
    // Callers identify replies by their position.
    if replies.len() == pipeline.len() { Ok((replies, run)) } else { Err(unexpected()) }
}

/// FNV-1a, which is good enough to spread keys over a few connections.
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

/// Loads the scripts and sends the commands again from the first unknown script on: those behind it depend on its effect
/// (the tag ids that are read after a fill).
async fn load_scripts_and_retry(
    connection: &mut MultiplexedConnection,
    sent: &Pipeline,
    first: usize,
) -> Result<Vec<Value>> {
    let loads = scripts::load_all();
    let loaded = loads.len();
    let again = pipeline(loads.into_iter().chain(sent.cmd_iter().skip(first).cloned()));
    let mut replies = request_all(connection, &again).await?;
    Ok(replies.split_off(loaded.min(replies.len())))
}
