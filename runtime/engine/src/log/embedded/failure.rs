//! What fjall's errors mean to the log's callers.

use std::io;
use std::path::Path;

use crate::directory::DirectoryError;
use crate::log::LogError;

/// Why the log's directory can't be opened.
pub(super) fn directory(path: &Path, error: fjall::Error) -> DirectoryError {
    if matches!(error, fjall::Error::Locked) {
        return DirectoryError::Locked { path: path.to_owned() };
    }
    match into_io(error) {
        Ok(source) => DirectoryError::from_io(path, source),
        Err(other) => {
            DirectoryError::Unreadable { path: path.to_owned(), reason: other.to_string() }
        }
    }
}

/// What a person reads of an error that ended a write.
pub(super) fn reason(error: &fjall::Error) -> String {
    match io_of(error) {
        Some(source) if is_full(source) => {
            "no space is left for the data directory; free some and restart".to_owned()
        }
        Some(source) => {
            format!("the data directory can't be written: {source}; mend it and restart")
        }
        None => format!("{error}; restart"),
    }
}

/// Nothing was appended because of `error`.
pub(super) fn unavailable(error: fjall::Error) -> LogError {
    LogError::Unavailable { reason: reason(&error), source: Some(Box::new(error)) }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn io_of(error: &fjall::Error) -> Option<&io::Error> {
    if let fjall::Error::Io(source) | fjall::Error::Storage(fjall::LsmError::Io(source)) = error {
        Some(source)
    } else {
        None
    }
}

fn into_io(error: fjall::Error) -> Result<io::Error, fjall::Error> {
    if let fjall::Error::Io(source) | fjall::Error::Storage(fjall::LsmError::Io(source)) = error {
        Ok(source)
    } else {
        Err(error)
    }
}
