//! The contracts' files as they are read from disk.

use std::fs;
use std::io;
use std::path::Path;

use crate::check::contracts;
use crate::project::{self, Project, ProjectError};
use crate::sync::DiskError;

/// The folder of Avro contracts.
pub const SCHEMAS: &str = "schemas";
/// Frozen versions below [`SCHEMAS`], which a run does not read.
const RELEASED: &str = "schemas/released";
/// The HTTP contract.
pub const OPENAPI: &str = "openapi/gateway.yaml";

/// A text file of the contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// All files of a run.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Input {
    /// `schemas/**.avsc`, sorted by path.
    pub schemas: Vec<File>,
    /// `openapi/gateway.yaml`, where there is one.
    pub openapi: Option<File>,
    /// The number of the last release, 0 where there was none.
    pub release: u32,
    /// Whether the workspace is a project, in which the types of `shared` are the platform's.
    pub is_project: bool,
}

/// Why a run has no input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The root is not a repository of contracts.
    #[error("`{0}` holds no folder `schemas`; name the repository's root with `--root`")]
    NoSchemas(String),
    /// A file or folder cannot be read, or is not UTF-8.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// It cannot be told whether the root is a project.
    #[error(transparent)]
    Project(#[from] ProjectError),
}

impl Input {
    /// Reads the contracts below `root`.
    ///
    /// # Errors
    /// Where `root` has no folder `schemas`, or a file cannot be read or is not UTF-8.
    pub fn read(root: &Path) -> Result<Self, InputError> {
        if !root.join(SCHEMAS).is_dir() {
            return Err(InputError::NoSchemas(root.display().to_string()));
        }
        let mut schemas = Vec::new();
        collect(&root.join(SCHEMAS), SCHEMAS, &mut schemas)?;
        let is_project = Project::read(root)?.is_some();
        if is_project {
            project::complete(&mut schemas);
        }
        schemas.sort_by(|a, b| a.path.cmp(&b.path));
        let path = root.join(OPENAPI);
        let openapi = match fs::read_to_string(&path) {
            Ok(text) => Some(File { path: OPENAPI.to_owned(), text }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(DiskError::new("read", &path)(error).into()),
        };
        let releases = contracts::releases_of(root)?;
        let release = releases.last().copied().unwrap_or_default();
        Ok(Self { schemas, openapi, release, is_project })
    }

    /// The version of the contracts, from 1: an instance with older contracts cannot take what one with newer ones
    /// has taken. `charter release` raises it.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.release.max(1)
    }
}

fn collect(folder: &Path, name: &str, found: &mut Vec<File>) -> Result<(), DiskError> {
    for entry in fs::read_dir(folder).map_err(DiskError::new("read", folder))? {
        let entry = entry.map_err(DiskError::new("read", folder))?;
        let path = entry.path();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            if name != RELEASED {
                collect(&path, &name, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "avsc") {
            let text = fs::read_to_string(&path).map_err(DiskError::new("read", &path))?;
            found.push(File { path: name, text });
        }
    }
    Ok(())
}
