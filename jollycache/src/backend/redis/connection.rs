//! `ManagedConnection`: one connection that is re-established when it is lost. A task connects, waits for the end of
//! the connection, pings it, and connects again.
//!
//! A caller never waits for a retry: while the server is away, [`ManagedConnection::connection`] fails at once. It waits only for
//! the first attempt after a start or a loss, which for a refused connection takes microseconds.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::error::from_connecting;
use super::run::Run;
use super::socket::Socket;
use crate::backend::Pulse;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};

/// How long a connection may be silent before it is pinged.
const PING_INTERVAL: Duration = Duration::from_millis(500);
/// How long one look of [`Pulse::silence`] takes, after which a connection that did not answer a ping is replaced.
pub(super) const PING_LOOK: Duration = Duration::from_millis(330);
/// The shortest pause between two attempts.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(2);
/// The longest pause between two attempts, so that service is back within a second of the server's return.
const MAX_RETRY_DELAY: Duration = Duration::from_millis(500);

/// How to connect, and what to do with what the server sends.
#[derive(Clone)]
pub(super) struct Connector {
    /// The server and the credentials.
    pub(super) client: Client,
    /// How long one attempt may take.
    pub(super) connect_timeout: Duration,
    /// The pause after the first failed attempt.
    pub(super) retry_delay: Duration,
    /// How often that pause doubles.
    pub(super) max_doublings: u32,
    /// Whether values and tag ids of another run of the server count.
    pub(super) trusts_restarts: bool,
    /// Receives push messages. Must not block.
    pub(super) on_push: Option<Arc<dyn Fn(PushInfo) + Send + Sync>>,
    /// See [`PING_LOOK`].
    pub(super) ping_look: Duration,
    /// Log state changes at INFO and WARN instead of DEBUG. Set on one connection only, to avoid duplicate lines.
    pub(super) logs_transitions: bool,
}

/// The state of a managed connection.
#[derive(Clone)]
pub(super) enum State {
    /// The first attempt since the start or the loss is under way.
    Connecting,
    /// Ready.
    Up(ConnectionGeneration),
    /// The last attempt failed; further ones follow.
    Down {
        /// The kind of its error.
        kind: ErrorKind,
        /// The text of its error.
        message: Arc<str>,
    },
}

/// One established connection, which a reconnect replaces with the next generation.
#[derive(Clone)]
pub(super) struct ConnectionGeneration {
    /// Shared by all callers.
    pub(super) connection: MultiplexedConnection,
    /// Never used twice in a process.
    pub(super) number: u64,
    /// The run of the server that it leads to. A restart severs every connection, so it leads to no other.
    pub(super) run: Run,
    /// Its signs of life.
    pub(super) pulse: Arc<Pulse>,
}

impl ConnectionGeneration {
    fn new(connection: MultiplexedConnection, run: Run, pulse: Arc<Pulse>) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        ConnectionGeneration { connection, number: MADE.fetch_add(1, Ordering::Relaxed), run, pulse }
    }
}

/// The task that reads and writes for a connection; it ends, and the socket is closed, when this is dropped.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl State {
    fn down(error: &Error) -> Self {
        State::Down { kind: error.kind(), message: error.to_string().into() }
    }
}

/// One connection that is re-established for as long as this lives.
pub(super) struct ManagedConnection {
    connector: Connector,
    state: Arc<watch::Sender<State>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl ManagedConnection {
    /// Connects on first use.
    pub(super) fn new(connector: Connector) -> Self {
        ManagedConnection {
            connector,
            state: Arc::new(watch::channel(State::Connecting).0),
            task: Mutex::new(None),
        }
    }

    /// As [`ManagedConnection::current`].
    pub(super) async fn connection(&self) -> Result<MultiplexedConnection> {
        Ok(self.current().await?.connection)
    }

    /// Registers the connection, if there is one, as what the running operation waits for.
    pub(super) fn wait_for(&self) {
        if let State::Up(generation) = &*self.state.borrow() {
            generation.pulse.wait_for();
        }
    }

    /// The present connection, for commands whose answers the running operation waits for.
    pub(super) async fn current(&self) -> Result<ConnectionGeneration> {
        let generation = self.settled().await?;
        generation.pulse.wait_for();
        Ok(generation)
    }

    async fn settled(&self) -> Result<ConnectionGeneration> {
        self.keep_running();
        if let Some(settled) = settled(&self.state.borrow()) {
            return settled;
        }
        let mut states = self.state.subscribe();
        let state = states.wait_for(|state| !matches!(state, State::Connecting)).await;
        state
            .ok()
            .and_then(|state| settled(&state))
            .unwrap_or_else(|| Err(Error::new(ErrorKind::Unavailable, "the connection to redis is closed")))
    }

    /// The state and its changes.
    pub(super) fn states(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Starts the task, and starts it again when it ended with the runtime it ran on (a test's, for example).
    fn keep_running(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            self.state.send_replace(State::Connecting);
            *task = Some(tokio::spawn(supervise(self.connector.clone(), Arc::clone(&self.state))));
        }
    }
}

impl Drop for ManagedConnection {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

impl fmt::Debug for ManagedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.state.borrow() {
            State::Connecting => "connecting",
            State::Up(_) => "up",
            State::Down { .. } => "down",
        };
        f.debug_struct("ManagedConnection").field("state", &state).finish_non_exhaustive()
    }
}

/// The outcome of the last attempt, unless one is under way.
fn settled(state: &State) -> Option<Result<ConnectionGeneration>> {
    match state {
        State::Connecting => None,
        State::Up(generation) => Some(Ok(generation.clone())),
        State::Down { kind, message } => Some(Err(Error::new(*kind, &**message))),
    }
}

async fn supervise(connector: Connector, state: Arc<watch::Sender<State>>) {
    let mut failures = 0;
    loop {
        let error = match connector.connect().await {
            Ok((generation, closed, _driver)) => {
                connector.log_up(&state.send_replace(State::Up(generation.clone())), generation.run);
                if until_lost(generation, &closed, connector.ping_look).await {
                    failures = 0;
                    state.send_replace(State::Connecting);
                    continue;
                }
                // Lost before its first ping. It counts as a failed attempt: without a pause the two would spin.
                Error::new(ErrorKind::Unavailable, "redis closes its connections")
            }
            Err(error) => error,
        };
        failures += 1;
        connector.log_down(&error, &state.send_replace(State::down(&error)));
        clock::sleep(connector.pause(failures)).await;
    }
}

/// Waits until the connection is closed or does not answer. Returns whether it answered at least one ping.
async fn until_lost(generation: ConnectionGeneration, closed: &Notify, look: Duration) -> bool {
    let ConnectionGeneration { mut connection, pulse, .. } = generation;
    let ping = redis::cmd("PING");
    let mut answered = false;
    loop {
        tokio::select! {
            () = closed.notified() => return answered,
            () = clock::sleep(PING_INTERVAL) => {}
        }
        tokio::select! {
            () = closed.notified() => return answered,
            answer = connection.req_packed_command(&ping) => if answer.is_err() {
                return answered;
            },
            () = pulse.silence(look) => return answered,
        }
        answered = true;
    }
}

impl Connector {
    async fn connect(&self) -> Result<(ConnectionGeneration, Arc<Notify>, Driver)> {
        let connected = tokio::time::timeout(self.connect_timeout, self.try_connect()).await;
        connected
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Unavailable, "redis cannot be reached: timed out")))
    }

    async fn try_connect(&self) -> Result<(ConnectionGeneration, Arc<Notify>, Driver)> {
        let (closed, pulse) = (Arc::new(Notify::new()), Arc::new(Pulse::default()));
        let info = self.client.get_connection_info();
        let socket = Socket::connect(info.addr(), pulse.clone()).await;
        let socket = socket.map_err(|error| from_connecting(&error.into()))?;
        let config = AsyncConnectionConfig::new()
            // Callers have timeouts of their own, which judge the connection and not this process.
            .set_response_timeout(None)
            .set_push_sender(self.push_handler(Arc::clone(&closed)));
        let made = MultiplexedConnection::new_with_config(info.redis_settings(), socket, config).await;
        let (mut connection, driver) = made.map_err(|error| from_connecting(&error))?;
        let driver = Driver(tokio::spawn(driver));
        let run = Run::learn(&mut connection, self.trusts_restarts).await?;
        Ok((ConnectionGeneration::new(connection, run, pulse), closed, driver))
    }

    fn push_handler(&self, closed: Arc<Notify>) -> impl Fn(PushInfo) -> Result<()> + use<> {
        let on_push = self.on_push.clone();
        move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                closed.notify_one();
            } else if let Some(on_push) = &on_push {
                on_push(push);
            }
            Ok(())
        }
    }

    /// The pause before the next attempt. It doubles with each failure; half of it is random, so that many processes do not
    /// reconnect at the same time.
    fn pause(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(self.max_doublings);
        let full = self
            .retry_delay
            .saturating_mul(2_u32.saturating_pow(doublings))
            .clamp(MIN_RETRY_DELAY, MAX_RETRY_DELAY);
        full.mul_f64(0.5 + rand::random::<f64>() / 2.0)
    }

    fn log_up(&self, before: &State, run: Run) {
        let regained = matches!(before, State::Down { .. });
        if self.logs_transitions && regained {
            tracing::info!(address = %self.address(), run = %run.id, "connected to redis again");
        } else {
            tracing::debug!(address = %self.address(), run = %run.id, "connected to redis");
        }
    }

    fn log_down(&self, error: &Error, before: &State) {
        let lost = !matches!(before, State::Down { .. });
        if self.logs_transitions && lost {
            tracing::warn!(address = %self.address(), %error, "no connection to redis, trying again");
        } else {
            tracing::debug!(address = %self.address(), %error, "no connection to redis");
        }
    }

    fn address(&self) -> &redis::ConnectionAddr {
        self.client.get_connection_info().addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(retry_delay: Duration, max_doublings: u32) -> Connector {
        Connector {
            client: Client::open("redis://127.0.0.1").unwrap(),
            connect_timeout: Duration::from_secs(1),
            retry_delay,
            max_doublings,
            trusts_restarts: false,
            on_push: None,
            ping_look: PING_LOOK,
            logs_transitions: false,
        }
    }

    #[test]
    fn pauses_double_up_to_their_limit_and_half_of_each_is_random() {
        let connector = connector(Duration::from_millis(20), 3);
        for (failures, full_ms) in [(1, 20), (2, 40), (3, 80), (4, 160), (5, 160), (u32::MAX, 160)] {
            let full = Duration::from_millis(full_ms);
            let pauses: Vec<_> = (0..100).map(|_| connector.pause(failures)).collect();
            assert!(pauses.iter().all(|&pause| pause >= full / 2 && pause <= full), "{failures}: {pauses:?}");
            assert!(pauses.iter().any(|pause| pause != &pauses[0]), "{failures}: {pauses:?}");
        }
    }

    #[test]
    fn no_setting_makes_a_pause_too_short_or_too_long() {
        for (delay, doublings) in
            [(Duration::ZERO, 0), (Duration::ZERO, u32::MAX), (Duration::MAX, 0), (Duration::MAX, u32::MAX)]
        {
            for failures in [0, 1, 40, u32::MAX] {
                let pause = connector(delay, doublings).pause(failures);
                assert!(pause >= MIN_RETRY_DELAY / 2 && pause <= MAX_RETRY_DELAY, "{pause:?}");
            }
        }
    }
}
