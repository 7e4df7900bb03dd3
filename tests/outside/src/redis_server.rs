//! A redis-server of one's own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How many ports are tried: another process may take one first.
const MAX_ATTEMPTS: usize = 20;
/// How long a server may take to answer.
const START: Duration = Duration::from_secs(20);

/// A server with its files in a folder of its own; killed when this is dropped.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
}

impl RedisServer {
    /// Starts a server that saves nothing by itself. Without redis-server: one line, and `None`.
    ///
    /// # Panics
    /// Under `CI=true` without redis-server, and where it does not start.
    pub fn start() -> Option<Self> {
        RedisServer::start_with(&["--save", "", "--appendonly", "no"])
    }

    /// As [`RedisServer::start`], with these arguments instead.
    ///
    /// # Panics
    /// As [`RedisServer::start`].
    pub fn start_with(arguments: &[&str]) -> Option<Self> {
        if let Err(error) = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "redis-server cannot be run: {error}");
            println!("SKIPPED: redis-server cannot be run ({error})");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        for _ in 0..MAX_ATTEMPTS {
            let port = free_port();
            if let Some(child) = spawn(port, folder.path(), &arguments) {
                return Some(RedisServer { child, port, arguments, folder });
            }
        }
        panic!("redis-server did not start on any of {MAX_ATTEMPTS} ports");
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// SIGSTOP: connections stay, nothing answers.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGKILL: nothing is saved.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts again, on the same port and with the same files.
    ///
    /// # Panics
    /// When it does not.
    pub fn restart(&mut self) {
        let deadline = Instant::now() + START;
        self.kill();
        loop {
            if let Some(child) = spawn(self.port, self.folder.path(), &self.arguments) {
                self.child = child;
                return;
            }
            assert!(Instant::now() < deadline, "redis-server did not start again on port {}", self.port);
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal to redis-server");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that was free a moment ago.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// The process, when it answers; `None` when it ended first, because the port was taken.
fn spawn(port: u16, folder: &Path, arguments: &[String]) -> Option<Child> {
    let mut child = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"])
        .arg(folder)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server starts");
    let deadline = Instant::now() + START;
    while child.try_wait().expect("the state of redis-server").is_none() {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Some(child);
        }
        assert!(Instant::now() < deadline, "redis-server does not answer on port {port}");
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}
