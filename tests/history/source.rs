//! `Source`: what is true, linearizable across processes.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};

/// A folder with a file a cell; its version is the file's length.
///
/// The kernel appends under the file's lock, so each commit gets a version of its own, and every later read of the
/// length sees it. There is no server that could die, and a killed writer has committed or has not.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    folder: PathBuf,
}

impl Source {
    pub(crate) fn new(folder: &Path) -> Self {
        Source { folder: folder.to_owned() }
    }

    /// The version that was committed last; zero before the first.
    pub(crate) fn version(&self, cell: &str) -> io::Result<u64> {
        match fs::metadata(self.folder.join(cell)) {
            Ok(file) => Ok(file.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Commits the next version, and returns it.
    pub(crate) fn commit(&self, cell: &str) -> io::Result<u64> {
        let mut file = OpenOptions::new().append(true).create(true).open(self.folder.join(cell))?;
        file.write_all(b".")?;
        // Of an appending file, this is where its own last write ended.
        file.stream_position()
    }
}

#[test]
fn each_commit_has_a_version_of_its_own_and_is_seen_at_once() {
    const THREADS: u64 = 8;
    const COMMITS: u64 = 200;
    let folder = tempfile::tempdir().unwrap();
    let source = Source::new(folder.path());
    assert_eq!(source.version("cell").unwrap(), 0);
    let commits = || {
        let commit = || {
            let version = source.commit("cell").unwrap();
            assert!(source.version("cell").unwrap() >= version);
            version
        };
        (0..COMMITS).map(|_| commit()).collect::<Vec<_>>()
    };
    let mut versions: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(commits)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    versions.sort_unstable();
    assert_eq!(versions, (1..=THREADS * COMMITS).collect::<Vec<_>>());
}
