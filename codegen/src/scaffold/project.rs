//! `charter new project`: a workspace of its own on the platform, with a first service.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::ScaffoldError;
use super::names;
use super::plan::{Plan, read};
use super::service::{self, Model, Wish};
use super::templates::Templates;
use crate::input::OPENAPI;
use crate::project::{MANIFEST, SHARED};

/// The platform's crates that a project names, each with its folder in a checkout.
const CRATES: &[(&str, &str)] = &[
    ("charter-avro", "avro"),
    ("charter-domain", "runtime/domain"),
    ("charter-engine", "runtime/engine"),
    ("charter-http", "runtime/http"),
    ("charter-platform", "runtime/platform"),
    ("contract-shared", "generated/contract-shared"),
];

/// The project's own files: template, path.
const FILES: &[(&str, &str)] = &[
    ("project/manifest.toml", "Cargo.toml"),
    ("project/README.md", "README.md"),
    ("project/charter-lint.yaml", "charter-lint.yaml"),
    ("project/charter-project.yaml", MANIFEST),
    ("project/clippy.toml", "clippy.toml"),
    ("project/gateway.yaml", OPENAPI),
    ("project/gitignore", ".gitignore"),
    ("project/rustfmt.toml", "rustfmt.toml"),
    ("project/platform/manifest.toml", "services/platform/Cargo.toml"),
    ("project/platform/contexts.rs", "services/platform/src/contexts.rs"),
    ("project/platform/main.rs", "services/platform/src/main.rs"),
    ("project/platform/starts.rs", "services/platform/tests/starts.rs"),
];

/// Where a project's platform comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platform {
    /// From a registry, in this compiler's version.
    Published,
    /// From a checkout.
    Checkout {
        /// Where the checkout is, seen from here.
        at: PathBuf,
        /// The same as the project's manifest says it.
        written: PathBuf,
    },
}

impl Platform {
    /// The platform in the checkout at `path`, for a project that is made in `folder`. A relative path stays one, so
    /// that both can be moved together.
    ///
    /// # Errors
    /// Where there is no checkout of this compiler's version.
    pub fn checkout(path: &Path, folder: &Path) -> Result<Self, ScaffoldError> {
        let manifest = path.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap_or_default();
        let version = format!("\nversion = \"{}\"\n", env!("CARGO_PKG_VERSION"));
        let complete = CRATES.iter().all(|(_, at)| path.join(at).join("Cargo.toml").is_file());
        if !complete || !text.contains(&version) {
            return Err(ScaffoldError::Ground(format!(
                "expected a checkout of version {} of the platform in `{}`, found none",
                env!("CARGO_PKG_VERSION"),
                path.display()
            )));
        }
        let written = if path.is_relative() && folder == Path::new(".") {
            Path::new("..").join(path)
        } else {
            fs::canonicalize(path).map_err(crate::sync::DiskError::new("read", path))?
        };
        Ok(Self::Checkout { at: path.to_owned(), written })
    }

    /// What a manifest says of one of the platform's crates.
    fn source(&self, folder: &str) -> String {
        match self {
            Self::Published => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
            Self::Checkout { written, .. } => {
                let path = written.join(folder).display().to_string();
                // A basic string of TOML.
                format!("{{ path = {} }}", json!(path))
            }
        }
    }
}

/// A crate of the platform in the project's manifest.
#[derive(Debug, Serialize)]
struct Crate {
    name: &'static str,
    source: String,
}

/// Everything that a new project is made of, below its own folder.
///
/// # Errors
/// Where a name cannot be used, or a template fails.
pub fn plan(
    name: &str,
    platform: &Platform,
    first: &Wish,
    templates: &Templates,
) -> Result<Plan, ScaffoldError> {
    let name = names::project(name)?;
    // The API has the first service's operations: what they share is there for them.
    let model = Model::new(&Wish { http: true, ..first.clone() })?;
    let crates: Vec<Crate> = CRATES
        .iter()
        .map(|(name, folder)| Crate { name, source: platform.source(folder) })
        .collect();
    let additions = service::additions(&model, templates)?;
    let mut all = json!(model);
    all["project"] = json!({ "name": name, "title": names::sentence(&name.replace('-', " ")) });
    all["platform"] = json!({ "crates": crates, "rust_version": env!("CARGO_PKG_RUST_VERSION") });
    all["api"] = json!(additions);
    let mut plan = Plan::default();
    for (template, path) in FILES {
        plan.file(*path, templates.fill(template, &all)?);
    }
    for (path, text) in SHARED {
        plan.file(*path, (*text).to_owned());
    }
    super::contracts::context(&mut plan, &model, templates)?;
    service::crate_files(&mut plan, &model, templates)?;
    if let Platform::Checkout { at, .. } = platform
        && at.join("Cargo.lock").is_file()
    {
        // The versions that the platform was tested with. Cargo leaves out what a project does not need.
        plan.file("Cargo.lock", read(at, "Cargo.lock")?);
    }
    Ok(plan)
}
