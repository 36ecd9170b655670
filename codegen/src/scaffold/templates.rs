//! The templates: those that are built in, or files of the same names in a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::ScaffoldError;
use crate::sync::DiskError;

/// The built-in templates by their paths. That of a `Cargo.toml` is `manifest.toml`: a package leaves out a folder with a
/// `Cargo.toml`, taking it for another package.
const BUILT_IN: &[(&str, &str)] = &[
    ("contracts/command.avsc", include_str!("../../templates/contracts/command.avsc")),
    ("contracts/event.avsc", include_str!("../../templates/contracts/event.avsc")),
    ("contracts/view.avsc", include_str!("../../templates/contracts/view.avsc")),
    ("contracts/status.avsc", include_str!("../../templates/contracts/status.avsc")),
    ("http/tags.yaml", include_str!("../../templates/http/tags.yaml")),
    ("http/contexts.yaml", include_str!("../../templates/http/contexts.yaml")),
    ("http/roles.yaml", include_str!("../../templates/http/roles.yaml")),
    ("http/paths.yaml", include_str!("../../templates/http/paths.yaml")),
    ("http/parameters.yaml", include_str!("../../templates/http/parameters.yaml")),
    ("http/schemas.yaml", include_str!("../../templates/http/schemas.yaml")),
    ("project/manifest.toml", include_str!("../../templates/project/manifest.toml")),
    ("project/README.md", include_str!("../../templates/project/README.md")),
    ("project/charter-lint.yaml", include_str!("../../templates/project/charter-lint.yaml")),
    ("project/charter-project.yaml", include_str!("../../templates/project/charter-project.yaml")),
    ("project/clippy.toml", include_str!("../../templates/project/clippy.toml")),
    ("project/gateway.yaml", include_str!("../../templates/project/gateway.yaml")),
    ("project/gitignore", include_str!("../../templates/project/gitignore")),
    ("project/rustfmt.toml", include_str!("../../templates/project/rustfmt.toml")),
    (
        "project/platform/manifest.toml",
        include_str!("../../templates/project/platform/manifest.toml"),
    ),
    ("project/platform/contexts.rs", include_str!("../../templates/project/platform/contexts.rs")),
    ("project/platform/main.rs", include_str!("../../templates/project/platform/main.rs")),
    ("project/platform/starts.rs", include_str!("../../templates/project/platform/starts.rs")),
    ("service/manifest.toml", include_str!("../../templates/service/manifest.toml")),
    ("service/lib.rs", include_str!("../../templates/service/lib.rs")),
    ("service/main.rs", include_str!("../../templates/service/main.rs")),
    ("service/service.rs", include_str!("../../templates/service/service.rs")),
    ("service/domain.rs", include_str!("../../templates/service/domain.rs")),
    ("service/projection.rs", include_str!("../../templates/service/projection.rs")),
    ("service/kubernetes.yaml", include_str!("../../templates/service/kubernetes.yaml")),
    ("service/tests.rs", include_str!("../../templates/service/tests.rs")),
];

/// Templates to fill in.
#[derive(Debug)]
pub struct Templates {
    folder: Option<PathBuf>,
}

impl Templates {
    /// The built-in ones, but for those that `folder` has under the same path.
    #[must_use]
    pub fn new(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(Path::to_owned) }
    }

    /// Fills in the template `name`.
    ///
    /// # Errors
    /// Where it cannot be read, or names what there is not.
    pub fn fill(&self, name: &str, with: &impl Serialize) -> Result<String, ScaffoldError> {
        let text = self.text(name)?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Schemas, YAML and Rust: nothing is escaped but where a template asks for it.
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let trouble = |source| ScaffoldError::Template { name: name.to_owned(), source };
        let filled = environment.render_str(&text, Value::from(Serde(with))).map_err(trouble)?;
        // Blocks leave empty lines at both ends.
        Ok(format!("{}\n", filled.trim_start_matches('\n').trim_end()))
    }

    /// Fills in the template of a schema, and brings it into the one layout.
    ///
    /// # Errors
    /// As [`Templates::fill`]; also where it gives no JSON.
    pub fn schema(&self, name: &str, with: &impl Serialize) -> Result<String, ScaffoldError> {
        let text = self.fill(name, with)?;
        crate::fmt::format(&text).map_err(|error| ScaffoldError::Schema {
            name: name.to_owned(),
            message: format!("{}: {}", error.span, error.message),
        })
    }

    fn text(&self, name: &str) -> Result<String, ScaffoldError> {
        if let Some(folder) = &self.folder {
            let path = folder.join(name);
            match fs::read_to_string(&path) {
                Ok(text) => return Ok(text),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(DiskError::new("read", &path)(error).into()),
            }
        }
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
        built_in.map(|(_, text)| (*text).to_owned()).ok_or_else(|| {
            ScaffoldError::Ground(format!("expected a template, found none called `{name}`"))
        })
    }
}
