//! `Log`: where a worker writes what it saw, and how the coordinator reads it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;

use jollycache_tests::history::{History, Record};

/// What stands before a line of counters.
const COUNTERS: &str = "#counters ";

/// One worker's file.
#[derive(Debug)]
pub(crate) struct Log(Mutex<BufWriter<File>>);

impl Log {
    pub(crate) fn create(file: &Path) -> io::Result<Self> {
        Ok(Log(Mutex::new(BufWriter::new(File::create_new(file)?))))
    }

    pub(crate) fn record(&self, record: &Record) {
        self.line(&record.to_string());
    }

    /// Writes the process's counters so far, and everything else that is still in memory.
    pub(crate) fn flush(&self, counters: &[(&'static str, u64)]) {
        let words: Vec<_> = counters.iter().map(|(name, count)| format!("{name}={count}")).collect();
        self.line(&format!("{COUNTERS}{}", words.join(" ")));
        self.0.lock().expect("no writer panicked").flush().expect("the log can be written");
    }

    fn line(&self, line: &str) {
        let mut file = self.0.lock().expect("no writer panicked");
        writeln!(file, "{line}").expect("the log can be written");
    }
}

/// The content of the logs of a run.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    pub(crate) history: History,
    pub(crate) counters: BTreeMap<String, u64>,
}

impl Logs {
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut logs = Logs::default();
        for file in fs::read_dir(folder)? {
            logs.add(&fs::read_to_string(file?.path())?);
        }
        Ok(logs)
    }

    fn add(&mut self, text: &str) {
        // The last line of a killed worker may be torn.
        let lines: Vec<_> = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
        // Counters grow; the last ones of a process are its sum.
        if let Some(last) = lines.iter().rev().find_map(|line| line.trim_end().strip_prefix(COUNTERS)) {
            for (name, count) in last.split(' ').filter_map(|word| word.split_once('=')) {
                *self.counters.entry(name.to_owned()).or_default() += count.parse::<u64>().unwrap_or(0);
            }
        }
        let records = lines.iter().filter(|line| !line.starts_with('#'));
        self.history
            .extend(records.map(|line| -> Record {
                line.parse().unwrap_or_else(|_| panic!("a worker wrote {line:?}"))
            }));
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }
}
