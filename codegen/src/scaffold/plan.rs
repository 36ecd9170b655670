//! What is to be written, held against the disk, and carried out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::ScaffoldError;
use crate::sync::DiskError;

/// Files to write, and places in files that get more text.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// New files: the path from the root, and the text.
    pub files: BTreeMap<String, String>,
    /// What existing files get, in order.
    pub edits: Vec<Edit>,
    /// Existing files as they will be.
    pub changed: BTreeMap<String, String>,
}

/// Text that comes in front of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file, from the root.
    pub path: String,
    /// What the text comes in front of; where that stands often, its first place.
    pub before: String,
    /// The text.
    pub text: String,
}

/// A plan that can be carried out: everything as it will be.
#[derive(Clone, Debug, Default)]
pub struct Ready {
    /// New files.
    pub new: BTreeMap<String, String>,
    /// Files as they will be.
    pub changed: BTreeMap<String, String>,
    /// Files that are there already, so that nothing is written at all.
    pub existing: Vec<String>,
}

impl Plan {
    /// Adds a file.
    pub fn file(&mut self, path: impl Into<String>, text: String) {
        self.files.insert(path.into(), text);
    }

    /// Adds text in front of `before`.
    pub fn edit(&mut self, path: &str, before: &str, text: impl Into<String>) {
        self.edits.push(Edit {
            path: path.to_owned(),
            before: before.to_owned(),
            text: text.into(),
        });
    }

    /// Holds the plan against what lies below `root`.
    ///
    /// # Errors
    /// Where a file that is to be changed is not there, or lacks the place.
    pub fn ready(&self, root: &Path) -> Result<Ready, ScaffoldError> {
        let mut ready =
            Ready { new: self.files.clone(), changed: self.changed.clone(), existing: Vec::new() };
        ready.existing =
            self.files.keys().filter(|path| root.join(path).exists()).cloned().collect();
        for edit in &self.edits {
            let text = match ready.changed.get(&edit.path) {
                Some(text) => text.clone(),
                None => read(root, &edit.path)?,
            };
            if text.contains(&edit.text) {
                // It is there already.
                continue;
            }
            let Some(at) = text.find(&edit.before) else {
                return Err(ScaffoldError::Ground(format!(
                    "expected `{}` in `{}`, found none; what belongs in front of it: {}",
                    edit.before.trim(),
                    edit.path,
                    edit.text.trim()
                )));
            };
            let text = format!("{}{}{}", &text[..at], edit.text, &text[at..]);
            ready.changed.insert(edit.path.clone(), text);
        }
        Ok(ready)
    }
}

impl Ready {
    /// A line for each file: `+` is new, `~` changes, `=` is there already.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for path in self.new.keys() {
            let sign = if self.existing.contains(path) { '=' } else { '+' };
            let _ = writeln!(text, "{sign} {path}");
        }
        for path in self.changed.keys() {
            let _ = writeln!(text, "~ {path}");
        }
        text
    }

    /// Writes everything. What comes back are the paths of all Rust files among it.
    ///
    /// # Errors
    /// Where a file cannot be written, or came to be in the meantime.
    pub fn write(&self, root: &Path) -> Result<Vec<PathBuf>, ScaffoldError> {
        for (path, text) in &self.new {
            let path = root.join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(DiskError::new("write", folder))?;
            }
            let file = fs::File::create_new(&path);
            file.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
                .map_err(DiskError::new("write", &path))?;
        }
        for (path, text) in &self.changed {
            let path = root.join(path);
            fs::write(&path, text).map_err(DiskError::new("write", &path))?;
        }
        let all = self.new.keys().chain(self.changed.keys()).map(|path| root.join(path));
        Ok(all.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect())
    }
}

/// A file below the root.
///
/// # Errors
/// Where it cannot be read.
pub fn read(root: &Path, path: &str) -> Result<String, ScaffoldError> {
    let full = root.join(path);
    Ok(fs::read_to_string(&full).map_err(DiskError::new("read", &full))?)
}
