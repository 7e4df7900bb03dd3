//! `MongoServer`: a MongoDB for one test.

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use mongodb::Client;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;

use crate::missing;

/// Longer than a start on a busy machine takes, by far.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A database that no other test uses, for as long as the value lives.
///
/// It is in the server of `MONGODB_URI` where that is set, and is dropped there at the end; otherwise in a FerretDB
/// process of its own, as `cargo xtask test` builds it, which stops with the value.
#[derive(Debug)]
pub struct MongoServer {
    uri: String,
    database: String,
    process: Option<Process>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    _folder: TempDir,
}

impl MongoServer {
    /// Starts or finds a server. `None`, and one line on standard error, where there is neither: skip the test.
    ///
    /// # Panics
    /// When there is neither under `CI=true`, or when FerretDB does not start.
    pub async fn start() -> Option<Self> {
        let database = format!("jollycache_test_{:016x}", rand::random::<u64>());
        if let Ok(uri) = env::var("MONGODB_URI") {
            return Some(MongoServer { uri, database, process: None });
        }
        let program = ferretdb();
        if !program.is_file() {
            missing::skip(
                "MongoDB",
                "MONGODB_URI is not set, and FerretDB is not built (`cargo xtask services` builds it with Go)",
            );
            return None;
        }
        let (process, uri) = Process::start(program).await.expect("FerretDB starts");
        Some(MongoServer { uri, database, process: Some(process) })
    }

    /// The connection string.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The name of the test's own database.
    pub fn database(&self) -> &str {
        &self.database
    }
}

impl Drop for MongoServer {
    fn drop(&mut self) {
        if self.process.is_none() {
            drop_database(self.uri.clone(), self.database.clone());
        }
    }
}

impl Process {
    /// Starts the server and waits until it prints its address.
    async fn start(program: PathBuf) -> io::Result<(Self, String)> {
        let folder = TempDir::new()?;
        let mut child = Command::new(program)
            .arg(folder.path())
            // The server runs until its input is closed: it ends with this process, even when that is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take();
        let process = Process { child, _folder: folder };
        let output = ChildStdout::from_std(output.ok_or(io::ErrorKind::BrokenPipe)?)?;
        let mut uri = String::new();
        tokio::time::timeout(START_LIMIT, BufReader::new(output).read_line(&mut uri)).await??;
        if uri.is_empty() {
            return Err(io::Error::other("FerretDB ended without saying its address"));
        }
        Ok((process, uri.trim_end().to_owned()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has nothing to save; both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of FerretDB: the one that `cargo xtask` passes, or where it builds it.
fn ferretdb() -> PathBuf {
    if let Some(program) = env::var_os("JOLLYCACHE_FERRETDB") {
        return program.into();
    }
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root.join(target).join("services/ferretdb")
}

/// Drops a test's database on a server that stays. On a thread of its own: this is called from `drop`, in a runtime.
fn drop_database(uri: String, database: String) {
    let dropping = thread::spawn(move || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let client = Client::with_uri_str(&uri).await?;
            client.database(&database).drop().await?;
            Ok(())
        })
    });
    if let Ok(Err(error)) = dropping.join() {
        eprintln!("a test's database was left behind: {error}");
    }
}
