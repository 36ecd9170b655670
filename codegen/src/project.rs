//! Projects: workspaces of their own on the platform (ADR 51).
//!
//! A workspace with a `charter-project.yaml` at its root is one. There the types of the namespace `shared` are the
//! platform's: its crate `contract-shared` has them, and `schemas/shared` holds the schemas that this compiler was
//! built with, for people, for releases and for registries.

use std::fs;
use std::io;
use std::path::Path;

use charter_avro::source::Tree;

use crate::input::File;
use crate::ir::Origin;
use crate::problem::{Problem, Problems};
use crate::rules;
use crate::sync::DiskError;

/// The file that makes a workspace a project.
pub const MANIFEST: &str = "charter-project.yaml";

/// The folder of the platform's schemas, in a project too.
const FOLDER: &str = "schemas/shared/";

/// The platform's schemas by their paths. `codegen/shared` links to them, so that the published package has them too.
pub const SHARED: &[(&str, &str)] = &[
    ("schemas/shared/dead_letter.avsc", include_str!("../shared/dead_letter.avsc")),
    ("schemas/shared/metadata.avsc", include_str!("../shared/metadata.avsc")),
    ("schemas/shared/outcome.avsc", include_str!("../shared/outcome.avsc")),
    ("schemas/shared/outcome_event.avsc", include_str!("../shared/outcome_event.avsc")),
    ("schemas/shared/outcome_status.avsc", include_str!("../shared/outcome_status.avsc")),
];

/// A project, as its manifest tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// What it is called.
    pub name: String,
}

/// Why it cannot be told whether a workspace is a project.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// The manifest cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The manifest says something else.
    #[error("`{MANIFEST}`: expected `project: <name>` and nothing else, found {0}")]
    Shape(String),
}

impl Project {
    /// The project at `root`; `None` where the workspace is no project.
    ///
    /// # Errors
    /// Where the manifest is there and says something else than a project's name.
    pub fn read(root: &Path) -> Result<Option<Self>, ProjectError> {
        let path = root.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(DiskError::new("read", &path)(error).into()),
        };
        let tree = Tree::parse_yaml(&text)
            .map_err(|error| ProjectError::Shape(format!("no YAML: {}", error.message)))?;
        let members = tree.as_object().unwrap_or_default();
        if let Some(other) = members.iter().find(|member| member.key != "project") {
            return Err(ProjectError::Shape(format!("the key `{}`", other.key)));
        }
        let name = tree.get("project").and_then(Tree::as_str);
        let name = name.ok_or_else(|| ProjectError::Shape("no name".to_owned()))?;
        Ok(Some(Self { name: name.to_owned() }))
    }
}

/// Adds those of the platform's schemas that are not there.
pub(crate) fn complete(schemas: &mut Vec<File>) {
    for (path, text) in SHARED {
        if !schemas.iter().any(|file| file.path == *path) {
            schemas.push(File { path: (*path).to_owned(), text: (*text).to_owned() });
        }
    }
}

/// Holds a project's `schemas/shared` against the platform's, byte for byte.
pub(crate) fn check(schemas: &[File], problems: &mut Problems) {
    for file in schemas.iter().filter(|file| file.path.starts_with(FOLDER)) {
        let known = SHARED.iter().find(|(path, _)| *path == file.path);
        let message = match known {
            Some((_, text)) if *text == file.text => continue,
            Some(_) => format!(
                "expected `{}` as in version {} of the platform, found another text",
                file.path,
                env!("CARGO_PKG_VERSION")
            ),
            None => format!("expected the platform's schemas only, found `{}`", file.path),
        };
        let origin = Origin { file: file.path.clone(), line: 1, column: 1, start: 0, end: 1 };
        problems.push(Problem::new(&rules::SHARED_DIFFERS, &origin, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_a_project_and_nothing_else() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(Project::read(root.path()).expect("no manifest"), None);
        let read = |text: &str| {
            fs::write(root.path().join(MANIFEST), text).expect("a file");
            Project::read(root.path()).map_err(|error| error.to_string())
        };
        let shop = Project { name: "shop".to_owned() };
        assert_eq!(read("# Ours.\nproject: shop\n"), Ok(Some(shop)));
        let shape = "`charter-project.yaml`: expected `project: <name>` and nothing else, found";
        assert_eq!(read("projet: shop\n"), Err(format!("{shape} the key `projet`")));
        assert_eq!(read("project: 7\n"), Err(format!("{shape} no name")));
    }

    #[test]
    fn all_schemas_of_the_platform_are_known() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/shared");
        let mut found: Vec<String> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
            .map(|name| format!("{FOLDER}{name}"))
            .collect();
        found.sort();
        let known: Vec<&str> = SHARED.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, known);
    }
}
