//! Making committed transactions durable.
//!
//! SQLite as it is compiled here calls `fsync`, which writes the file's times too: on a journalling file
//! system that is a commit of its journal, shared with every other file, for each of our transactions. So
//! it runs with synchronous NORMAL, under which a commit leaves its pages in the write-ahead log unsynced, and
//! the log is made durable here with `fdatasync`, before anybody is told of the commit. Nothing else of
//! synchronous FULL is missed: with NORMAL too SQLite syncs the log's header and directory when it makes one,
//! and log and file around a checkpoint.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::store::StoreError;

/// The write-ahead log of a file, as far as it has to be durable.
#[derive(Clone, Debug)]
pub(super) struct WriteAheadLog(Arc<State>);

#[derive(Debug)]
struct State {
    /// `None` where the loss of power may take what was committed.
    path: Option<PathBuf>,
    /// Why a sync failed. What the disk holds is not known from then on.
    failed: OnceLock<String>,
}

impl WriteAheadLog {
    /// That of the file at `path`.
    pub(super) fn of(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        Self::at(Some(PathBuf::from(name)))
    }

    /// One that need not be durable.
    pub(super) fn relaxed() -> Self {
        Self::at(None)
    }

    fn at(path: Option<PathBuf>) -> Self {
        Self(Arc::new(State { path, failed: OnceLock::new() }))
    }

    /// Refuses after a sync that failed: what is written then may be gone, and nobody would know.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.0.failed.get() {
            Some(reason) => Err(StoreError::unavailable(format!(
                "a write failed, and only a restart tells what the disk holds: {reason}"
            ))),
            None => Ok(()),
        }
    }

    /// Makes all that was committed so far durable.
    ///
    /// # Errors
    /// [`StoreError::FateUnknown`].
    pub(super) async fn sync(&self) -> Result<(), StoreError> {
        if self.0.path.is_none() {
            return Ok(());
        }
        let state = self.0.clone();
        let synced = tokio::task::spawn_blocking(move || state.sync()).await;
        match synced.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => Ok(()),
            Err(error) => {
                let _ = self.0.failed.set(error.to_string());
                tracing::error!(%error, "the store takes no more until a restart");
                Err(StoreError::FateUnknown { source: error.into() })
            }
        }
    }
}

impl State {
    /// By name each time: SQLite makes the log anew where all connections were gone. No lock of SQLite's is
    /// on this file, which closing a handle would give up.
    fn sync(&self) -> io::Result<()> {
        match &self.path {
            Some(path) => File::open(path)?.sync_data(),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_sync_that_failed_nothing_is_taken() {
        let directory = tempfile::tempdir().expect("a directory");
        let log = WriteAheadLog::of(&directory.path().join("missing.db"));
        log.check().expect("nothing failed so far");
        let error = log.sync().await.expect_err("there is no log");
        assert!(matches!(error, StoreError::FateUnknown { .. }), "{error}");
        let error = log.check().expect_err("it failed");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        let relaxed = WriteAheadLog::relaxed();
        relaxed.sync().await.expect("nothing to do");
        relaxed.check().expect("it never fails");
    }
}
