//! What clients sent and what they were answered: one line of JSON each, appended to a file before the
//! request goes out and after the answer came, so that the file is true whenever its writer ends.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// One line. Times are microseconds since 1970 by the client's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum Record {
    /// A request is about to be sent.
    Sent(Sent),
    /// Its answer was read whole.
    Answered(Answered),
    /// No whole answer came.
    Broken {
        /// When that was known.
        at: i64,
        /// Which attempt.
        attempt: u64,
        /// Why.
        reason: String,
    },
    /// Something else happened: a kill, a start.
    Note {
        /// When.
        at: i64,
        /// What.
        text: String,
    },
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When.
    pub at: i64,
    /// Its number in the history.
    pub attempt: u64,
    /// The command's name, which is its correlation id; empty for a read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// The idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// When.
    pub at: i64,
    /// To which attempt.
    pub attempt: u64,
    /// The HTTP status.
    pub status: u16,
    /// The `Location`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The `Charter-Cursor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The body as it came.
    pub body: String,
}

/// Where a history is written.
#[derive(Debug)]
pub struct Writer {
    file: File,
    line: Vec<u8>,
}

impl Writer {
    /// Appends to the file at `path`, which is made where it is missing.
    ///
    /// # Errors
    /// Where it can't be opened.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.with_context(|| format!("opening the history `{}`", path.display()))?;
        Ok(Self { file, line: Vec::with_capacity(1_024) })
    }

    /// Appends one line with one write, so that it outlives this process once this returns.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn write(&mut self, record: &Record) -> anyhow::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, record)?;
        self.line.push(b'\n');
        self.file.write_all(&self.line).context("writing the history")
    }

    /// Appends a note.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn note(&mut self, text: impl Into<String>) -> anyhow::Result<()> {
        self.write(&Record::Note { at: now(), text: text.into() })
    }
}

/// Microseconds since 1970, UTC.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Reads a history. A last line that was cut off is left out: what it would say did not happen for anyone.
///
/// # Errors
/// Where the file can't be read, or a line is none.
pub fn read(path: &Path) -> anyhow::Result<Vec<Record>> {
    let file = File::open(path).with_context(|| format!("opening `{}`", path.display()))?;
    let mut lines = BufReader::new(file);
    let (mut records, mut line) = (Vec::new(), String::new());
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Ok(records);
        }
        let number = records.len() + 1;
        let record = serde_json::from_str(&line);
        records.push(record.with_context(|| format!("`{}`, line {number}", path.display()))?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_left_out() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("history");
        let sent = Sent {
            at: 1,
            attempt: 0,
            command: "run-1".to_owned(),
            key: Some("run-1".to_owned()),
            method: "POST".to_owned(),
            path: "/v1/shows".to_owned(),
            body: "{}".to_owned(),
        };
        let records = [
            Record::Sent(sent),
            Record::Answered(Answered {
                at: 2,
                attempt: 0,
                status: 202,
                location: None,
                cursor: None,
                body: "{\"a\":\"\\n\"}".to_owned(),
            }),
            Record::Broken { at: 3, attempt: 1, reason: "reset".to_owned() },
        ];
        let mut writer = Writer::open(&path).expect("a file");
        for record in &records {
            writer.write(record).expect("a line");
        }
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(b"{\"record\":\"sent\",\"at\""))
            .expect("half a line");
        assert_eq!(read(&path).expect("a history"), records);
    }
}
