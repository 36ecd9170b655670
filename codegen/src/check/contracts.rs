//! The contracts of a repository at one time: as they are now, as they were released, as git has them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::input::File;
use crate::sync::DiskError;

/// Where the Avro contracts lie.
const SCHEMAS: &str = "schemas";
/// Where the OpenAPI documents lie.
const OPENAPI: &str = "openapi";
/// The folder of frozen versions, in both.
pub const RELEASED: &str = "released";

/// All contracts of one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contracts {
    /// What reports call it: `the working tree`, `v3`, `main`.
    pub name: String,
    /// What stands before a path in reports: nothing, `main:`.
    pub prefix: String,
    /// The Avro contracts. Paths are those of the working tree: `seat/events/seats_held.avsc`.
    pub schemas: BTreeMap<String, String>,
    /// The OpenAPI documents and what lies beside them: `gateway.yaml`.
    pub openapi: BTreeMap<String, String>,
    /// Where the schemas are read from, in front of their paths.
    pub schemas_at: String,
    /// Where the documents are read from, in front of their paths.
    pub openapi_at: String,
}

impl Contracts {
    /// The contracts below `root` as they are now.
    ///
    /// # Errors
    /// Where a file cannot be read or is not UTF-8.
    pub fn working_tree(root: &Path) -> Result<Self, DiskError> {
        Self::folders("the working tree", root, (SCHEMAS, OPENAPI))
    }

    /// The contracts in a folder that holds `schemas/` and `openapi/`.
    ///
    /// # Errors
    /// Where a file cannot be read or is not UTF-8.
    pub fn folder(name: &str, root: &Path) -> Result<Self, DiskError> {
        let mut contracts = Self::folders(name, root, (SCHEMAS, OPENAPI))?;
        contracts.prefix = format!("{}/", root.display());
        Ok(contracts)
    }

    fn folders(
        name: &str,
        root: &Path,
        (schemas, openapi): (&str, &str),
    ) -> Result<Self, DiskError> {
        let mut contracts = Self {
            name: name.to_owned(),
            schemas_at: format!("{schemas}/"),
            openapi_at: format!("{openapi}/"),
            ..Self::default()
        };
        collect(&root.join(schemas), "", &mut contracts.schemas)?;
        collect(&root.join(openapi), "", &mut contracts.openapi)?;
        contracts.keep();
        Ok(contracts)
    }

    /// Takes in a file by its path from the root.
    pub(crate) fn add(&mut self, path: &str, text: String) {
        self.schemas_at = format!("{SCHEMAS}/");
        self.openapi_at = format!("{OPENAPI}/");
        if let Some(path) = path.strip_prefix("schemas/") {
            self.schemas.insert(path.to_owned(), text);
        } else if let Some(path) = path.strip_prefix("openapi/") {
            self.openapi.insert(path.to_owned(), text);
        }
        self.keep();
    }

    /// Leaves out what is no contract, and what is frozen.
    fn keep(&mut self) {
        let frozen = format!("{RELEASED}/");
        let ends = |path: &str, ends: &[&str]| {
            let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| ends.contains(&extension))
        };
        self.schemas.retain(|path, _| !path.starts_with(&frozen) && ends(path, &["avsc"]));
        self.openapi
            .retain(|path, _| !path.starts_with(&frozen) && ends(path, &["yaml", "yml", "json"]));
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.schemas.is_empty() && self.openapi.is_empty()
    }

    /// The schemas as files, with the paths that reports show.
    #[must_use]
    pub fn schema_files(&self) -> Vec<File> {
        let file = |(path, text): (&String, &String)| File {
            path: format!("{}{}{path}", self.prefix, self.schemas_at),
            text: text.clone(),
        };
        self.schemas.iter().map(file).collect()
    }

    /// The path that reports show for the document `path`.
    #[must_use]
    pub fn document_path(&self, path: &str) -> String {
        format!("{}{}{path}", self.prefix, self.openapi_at)
    }

    /// The documents themselves: files of the folder that say `openapi` at their start, not what lies beside them.
    #[must_use]
    pub fn documents(&self) -> Vec<&str> {
        let is_document = |text: &str| {
            text.lines().take(50).any(|line| {
                let line = line.trim_start_matches(['{', ' ', '"']);
                line.starts_with("openapi")
            })
        };
        let documents = self.openapi.iter().filter(|(_, text)| is_document(text));
        documents.map(|(path, _)| path.as_str()).collect()
    }
}

/// The releases below `root`, oldest first: `schemas/released/v1`, `openapi/released/v1`, …
///
/// # Errors
/// Where a file cannot be read or is not UTF-8.
pub fn releases(root: &Path) -> Result<Vec<(u32, Contracts)>, DiskError> {
    let numbers = releases_of(root)?;
    let release = |number: u32| {
        let name = format!("v{number}");
        let (schemas, openapi) =
            (format!("{SCHEMAS}/{RELEASED}/{name}"), format!("{OPENAPI}/{RELEASED}/{name}"));
        Contracts::folders(&name, root, (&schemas, &openapi)).map(|contracts| (number, contracts))
    };
    numbers.into_iter().map(release).collect()
}

/// The numbers of the releases below `root`, from the first.
///
/// # Errors
/// Where a folder cannot be read.
pub(crate) fn releases_of(root: &Path) -> Result<Vec<u32>, DiskError> {
    let mut numbers: Vec<u32> = Vec::new();
    for kind in [SCHEMAS, OPENAPI] {
        numbers.extend(release_numbers(&root.join(kind).join(RELEASED))?);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

fn release_numbers(folder: &Path) -> Result<Vec<u32>, DiskError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DiskError::new("read", folder)(error)),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let entry = entry.map_err(DiskError::new("read", folder))?;
        let name = entry.file_name();
        let number: Option<u32> =
            name.to_str().and_then(|name| name.strip_prefix('v')?.parse().ok());
        numbers.extend(number.filter(|_| entry.path().is_dir()));
    }
    Ok(numbers)
}

fn collect(
    folder: &Path,
    name: &str,
    found: &mut BTreeMap<String, String>,
) -> Result<(), DiskError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(DiskError::new("read", folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(DiskError::new("read", folder))?;
        let path = entry.path();
        let name = format!("{name}{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            if name != RELEASED {
                collect(&path, &format!("{name}/"), found)?;
            }
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("avsc" | "yaml" | "yml" | "json")) {
            let text = fs::read_to_string(&path).map_err(DiskError::new("read", &path))?;
            found.insert(name, text);
        }
    }
    Ok(())
}
