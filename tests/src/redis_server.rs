//! `RedisServer`: a real redis-server for one test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::missing;
use crate::ports::free_port;

/// How many free ports are tried: another test may take one first.
const MAX_ATTEMPTS: usize = 10;

/// A redis-server of its own, on a free port of this machine, with its files in a temporary folder. It is killed when
/// this is dropped.
#[derive(Debug)]
pub struct RedisServer {
    child: Option<Child>,
    port: u16,
    extra_args: Vec<String>,
    folder: TempDir,
}

impl RedisServer {
    /// Starts a server; where that is impossible, prints the reason in one line and returns `None`.
    ///
    /// # Panics
    /// Under `CI=true`, where a test that does not run is a failure; and where redis-server is there and does not
    /// start.
    pub fn start() -> Option<Self> {
        RedisServer::start_with(&[])
    }

    /// Starts a server with further arguments, such as `["--maxmemory", "8mb"]`.
    ///
    /// # Panics
    /// As [`RedisServer::start`].
    pub fn start_with(extra_args: &[&str]) -> Option<Self> {
        if let Err(error) = Command::new("redis-server").arg("--version").output() {
            missing::skip("Redis", &format!("redis-server cannot be run ({error})"));
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let extra_args: Vec<String> = extra_args.iter().map(ToString::to_string).collect();
        for _ in 0..MAX_ATTEMPTS {
            let port = free_port().expect("a free port");
            if let Some(child) = spawn(port, &folder, &extra_args) {
                return Some(RedisServer { child: Some(child), port, extra_args, folder });
            }
        }
        panic!("redis-server did not start on any of {MAX_ATTEMPTS} free ports");
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's URL, without credentials.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The path of the server's Unix socket.
    pub fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// A plain client, for looking behind the backend's back.
    ///
    /// # Panics
    /// If the server cannot be reached.
    pub fn client(&self) -> redis::Connection {
        let client = redis::Client::open(self.url()).expect("a good URL");
        client.get_connection().expect("the server is up")
    }

    /// Kills the server (SIGKILL) and waits until it is gone. Its port stays reserved for [`RedisServer::restart`]
    /// only by luck, as for any server.
    ///
    /// # Panics
    /// If the process cannot be killed.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the server can be killed");
            child.wait().expect("the server can be waited for");
        }
    }

    /// Freezes the server (SIGSTOP): it keeps its connections and answers nothing.
    pub fn stop(&self) {
        self.signal("STOP");
    }

    /// Lets a frozen server go on (SIGCONT).
    pub fn cont(&self) {
        self.signal("CONT");
    }

    /// The present run's `run_id`.
    ///
    /// # Panics
    /// If the server cannot be reached.
    pub fn run_id(&self) -> String {
        let info: String =
            redis::cmd("INFO").arg("server").query(&mut self.client()).expect("the server is up");
        let run_id = info.lines().find_map(|line| line.strip_prefix("run_id:"));
        run_id.expect("the server has a run_id").trim().to_owned()
    }

    /// Writes a dump (SAVE), from which the server starts again.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn save(&self) {
        redis::cmd("SAVE").exec(&mut self.client()).expect("the dump is written");
    }

    /// Kills the server if it runs, and starts it on the same port with the same arguments, and with the last saved data,
    /// if any.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.port, &self.folder, &self.extra_args);
        assert!(self.child.is_some(), "redis-server did not start again on port {}", self.port);
    }

    fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("the server runs");
        // By the shell's own `kill`: sending a signal from Rust needs a dependency or unsafe code.
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} cannot be sent to redis-server");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts the process and waits until it is ready; `None` if it ends before that.
fn spawn(port: u16, folder: &TempDir, extra_args: &[String]) -> Option<Child> {
    let mut child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--enable-debug-command", "yes"])
        .args(["--unixsocket", "redis.sock", "--logfile", ""])
        .arg("--dir")
        .arg(folder.path())
        .args(extra_args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut log = BufReader::new(child.stdout.take()?).lines().map_while(Result::ok);
    if log.any(|line| {
        line.contains("Ready to accept connections") || line.contains("ready to accept connections")
    }) {
        // The log goes on; a full pipe would block the server.
        std::thread::spawn(move || log.for_each(drop));
        return Some(child);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}
