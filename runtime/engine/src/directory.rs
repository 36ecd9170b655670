//! The data directory: made where it is missing, and held by one process at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file whose advisory lock says that a process uses the directory. It is never removed: removing
/// it would let two processes hold locks on two files of one name.
const LOCK_FILE: &str = "charter.lock";

/// A data directory that this process alone uses, until the value is dropped or the process ends.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Makes the directory where it is missing, proves that it can be written, and locks it.
    ///
    /// # Errors
    /// [`DirectoryError`], each with what to do about it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, DirectoryError> {
        let path = path.into();
        let refused = |source| DirectoryError::from_io(&path, source);
        fs::create_dir_all(&path).map_err(refused)?;
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK_FILE))
            .map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DirectoryError::Locked { path }),
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
        // A full disk shows itself only when bytes reach it. The line has one length whatever the id.
        lock.write_all(format!("{:>20}\n", std::process::id()).as_bytes()).map_err(refused)?;
        lock.sync_all().map_err(refused)?;
        Ok(Self { path, _lock: lock })
    }

    /// The directory's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in the directory.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Why a data directory can't be used, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Another process uses it.
    #[error("data directory `{}` is in use by another process; stop it or give another --data-dir", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// It can't be written.
    #[error("data directory `{}` can't be written; give this user the right to or give another --data-dir", path.display())]
    NotWritable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The disk is full.
    #[error("no space is left for data directory `{}`; free some or give another --data-dir", path.display())]
    Full {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The path is there and is no directory.
    #[error("data directory `{}` is not a directory; remove it or give another --data-dir", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What it holds was not written by this version, or is damaged.
    #[error("data directory `{}` can't be read: {reason}; restore it from a backup or give another --data-dir", path.display())]
    Unreadable {
        /// The directory or a part of it.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The system refused otherwise.
    #[error("data directory `{}` can't be used: {source}; give another --data-dir", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl DirectoryError {
    /// The error that tells what `source`, met while using `path`, means.
    #[must_use]
    pub fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        let kind = source.kind();
        if kind == io::ErrorKind::StorageFull || kind == io::ErrorKind::QuotaExceeded {
            Self::Full { path, source }
        } else if kind == io::ErrorKind::PermissionDenied
            || kind == io::ErrorKind::ReadOnlyFilesystem
        {
            Self::NotWritable { path, source }
        } else if kind == io::ErrorKind::NotADirectory || kind == io::ErrorKind::AlreadyExists {
            Self::NotADirectory { path, source }
        } else {
            Self::Io { path, source }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_directory_is_made() {
        let parent = tempfile::tempdir().expect("temporary directory");
        let path = parent.path().join("a/b");
        let directory = DataDirectory::open(&path).expect("opens");
        assert_eq!(directory.path(), path);
        assert!(path.join(LOCK_FILE).is_file());
    }

    #[test]
    fn a_directory_belongs_to_one_until_it_is_dropped() {
        let parent = tempfile::tempdir().expect("temporary directory");
        let first = DataDirectory::open(parent.path()).expect("opens");
        let error = DataDirectory::open(parent.path()).expect_err("is in use");
        assert_eq!(
            error.to_string(),
            format!(
                "data directory `{}` is in use by another process; stop it or give another --data-dir",
                parent.path().display()
            )
        );
        drop(first);
        DataDirectory::open(parent.path()).expect("free again");
    }

    #[test]
    fn a_file_is_no_directory() {
        let parent = tempfile::tempdir().expect("temporary directory");
        let path = parent.path().join("file");
        fs::write(&path, "").expect("writes");
        for path in [path.clone(), path.join("below")] {
            let error = DataDirectory::open(&path).expect_err("no directory");
            assert!(matches!(error, DirectoryError::NotADirectory { .. }), "{error}");
        }
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        let path = Path::new("data");
        for (kind, expected) in [
            (
                io::ErrorKind::StorageFull,
                "no space is left for data directory `data`; free some or give another --data-dir",
            ),
            (
                io::ErrorKind::PermissionDenied,
                "data directory `data` can't be written; give this user the right to or give another --data-dir",
            ),
            (
                io::ErrorKind::ReadOnlyFilesystem,
                "data directory `data` can't be written; give this user the right to or give another --data-dir",
            ),
        ] {
            assert_eq!(DirectoryError::from_io(path, kind.into()).to_string(), expected);
        }
    }

    /// `/dev/full` refuses every write with `ENOSPC`, as a full disk does.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_named() {
        let parent = tempfile::tempdir().expect("temporary directory");
        std::os::unix::fs::symlink("/dev/full", parent.path().join(LOCK_FILE)).expect("links");
        let error = DataDirectory::open(parent.path()).expect_err("full");
        assert!(matches!(error, DirectoryError::Full { .. }), "{error:?}");
    }
}
