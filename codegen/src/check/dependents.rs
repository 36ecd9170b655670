//! Whom a type would hit in the workspace's own code: the crates that compile against its generated crate, and the lines that say
//! its name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use regex::Regex;
use serde_json::Value;

use crate::names;

/// Where generated crates lie; they are nobody's own code.
const GENERATED: &str = "generated";
/// The most lines that are named of one crate.
const MAX_LINES: usize = 20;

/// Why the workspace was not looked through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DependentsError {
    /// The command `cargo` could not be started.
    #[error("cannot run `cargo metadata`")]
    Run(#[source] io::Error),
    /// Cargo refused.
    #[error("`cargo metadata` says: {0}")]
    Refused(String),
    /// Cargo's answer is not what it documents.
    #[error("expected `cargo metadata` to answer JSON")]
    Answer(#[from] serde_json::Error),
}

/// The places in the workspace at `root` that use the type `name`, sorted: `crate seats-service services/seats/src/domain.rs:12`.
/// With a field, the places that say it in files that use the type. None where `root` is no workspace of Rust.
///
/// # Errors
/// Where cargo cannot be asked for the workspace's crates.
pub fn of(root: &Path, name: &str, field: Option<&str>) -> Result<Vec<String>, DependentsError> {
    if !root.join("Cargo.toml").is_file() {
        return Ok(Vec::new());
    }
    // Without the network and without dependencies: the workspace's own manifests say it all.
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .map_err(DependentsError::Run)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(DependentsError::Refused(said));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let root = PathBuf::from(metadata["workspace_root"].as_str().unwrap_or_default());
    let root = fs::canonicalize(&root).unwrap_or(root);
    let (context, simple) = name.rsplit_once('.').unwrap_or(("", name));
    let package = format!("contract-{}", names::column(context).replace('_', "-"));
    let word = |text: &str| Regex::new(&format!(r"\b{}\b", regex::escape(text))).ok();
    let field = field.map(|field| word(&names::column(field)));
    let (Some(ty), Ok(unsaid)) = (word(simple), Regex::new(UNSAID)) else {
        return Ok(Vec::new());
    };
    let wanted = Wanted { ty, field: field.flatten(), unsaid };
    let mut found = Vec::new();
    for member in items(&metadata, "packages") {
        let depends = items(member, "dependencies").iter().any(|other| other["name"] == *package);
        let manifest = PathBuf::from(member["manifest_path"].as_str().unwrap_or_default());
        let manifest = fs::canonicalize(&manifest).unwrap_or(manifest);
        if !depends || manifest.starts_with(root.join(GENERATED)) {
            continue;
        }
        let member = (member, manifest.as_path());
        found.extend(wanted.lines(member, &root));
    }
    found.sort();
    Ok(found)
}

/// Comments and literals: what code says there uses no type.
const UNSAID: &str =
    r##"(?s)//[^\n]*|/\*.*?\*/|r#".*?"#|r"[^"]*"|"(?:\\.|[^"\\])*"|'(?:\\.[^']*|[^'\\])'"##;

/// What is looked for in sources.
struct Wanted {
    /// The type's name.
    ty: Regex,
    /// The field's, where only that is asked for.
    field: Option<Regex>,
    unsaid: Regex,
}

impl Wanted {
    /// The lines of a crate that say what is wanted.
    fn lines(&self, (member, manifest): (&Value, &Path), root: &Path) -> Vec<String> {
        let name = member["name"].as_str().unwrap_or_default();
        let mut files = BTreeSet::new();
        sources(&manifest.with_file_name("src"), &mut files);
        let targets = items(member, "targets").iter();
        files.extend(targets.filter_map(|target| target["src_path"].as_str()).map(PathBuf::from));
        // A target may lie elsewhere: `codegen/../tests/client/main.rs`.
        let files = files.into_iter().filter_map(|file| fs::canonicalize(file).ok());
        let mut found = Vec::new();
        for file in files {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if !self.ty.is_match(&text) {
                continue;
            }
            let said = self.unsaid.replace_all(&text, |literal: &regex::Captures<'_>| {
                "\n".repeat(literal[0].matches('\n').count())
            });
            if !self.ty.is_match(&said) {
                continue;
            }
            let path =
                file.strip_prefix(root).unwrap_or(&file).display().to_string().replace('\\', "/");
            let word = self.field.as_ref().unwrap_or(&self.ty);
            for (index, line) in said.lines().enumerate() {
                if word.is_match(line) {
                    found.push(format!("crate {name} {path}:{}", index + 1));
                }
            }
        }
        let more = found.len().saturating_sub(MAX_LINES);
        found.truncate(MAX_LINES);
        if more > 0 {
            found.push(format!("crate {name} and {more} lines more"));
        }
        found
    }
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn sources(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.insert(path);
        }
    }
}
