//! One process for each data directory.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// An advisory lock on `registry.lock` in the directory. The system lets go of it when the process
/// ends, however it ends.
#[derive(Debug)]
pub(super) struct DirectoryLock(#[expect(dead_code, reason = "held, never read")] File);

/// Why the lock was not to be had.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Another process holds it.
    Held(PathBuf),
    /// The lock file cannot be made or locked.
    Io(PathBuf, std::io::Error),
}

impl DirectoryLock {
    /// Takes the lock, or fails at once.
    pub(super) fn acquire(directory: &Path) -> Result<Self, LockError> {
        let io = |source| LockError::Io(directory.to_owned(), source);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(directory.join("registry.lock"))
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(directory.to_owned())),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}
