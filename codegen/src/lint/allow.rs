//! What is switched off, where, and why: in a contract, for files, for the whole project. A reason is asked for, and
//! what allows nothing is reported.

use std::path::Path;

use charter_avro::source::{Member, Span, Tree, Value};

use super::finding::{Finding, Findings, Place};
use super::rules::{self, contracts as rows};
use crate::check::openapi;
use crate::input::File;
use crate::problem::Problem;

/// The key of the attribute `charter` that holds allowances: `{"lint": {"allow": {"rule": "reason"}}}`.
pub(crate) const LINT: &str = "lint";
/// The key below [`LINT`].
pub(crate) const ALLOW: &str = "allow";
/// The key of an OpenAPI document: `x-charter-lint-allow: {rule: reason}`.
pub(crate) const EXTENSION: &str = "x-charter-lint-allow";
/// The project's file of allowances.
pub const CONFIG: &str = "charter-lint.yaml";

/// What one allowance is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    /// Everything within a value of a file.
    Value(String, Span),
    /// Files whose path is this, or lies below it where it ends in `/`.
    Files(String),
    /// All files.
    Project,
}

impl Scope {
    fn holds(&self, finding: &Finding) -> bool {
        let file = finding.spot.origin.file.as_str();
        match self {
            Self::Value(path, span) => {
                path == file && span.start <= finding.within.start && finding.within.end <= span.end
            }
            Self::Files(path) if path.ends_with('/') => file.starts_with(path.as_str()),
            Self::Files(path) => file == path,
            Self::Project => true,
        }
    }

    /// The narrowest first.
    fn width(&self) -> (u8, u32) {
        match self {
            Self::Value(_, span) => (0, span.end - span.start),
            Self::Files(path) => (1, u32::MAX - u32::try_from(path.len()).unwrap_or_default()),
            Self::Project => (2, 0),
        }
    }
}

#[derive(Debug)]
struct Allowance {
    rule: &'static str,
    scope: Scope,
    file: String,
    at: Span,
    used: bool,
}

/// All allowances of a run.
#[derive(Debug, Default)]
pub(super) struct Allowances {
    all: Vec<Allowance>,
}

impl Allowances {
    /// Takes in what an Avro contract allows.
    pub(super) fn avro(&mut self, path: &str, tree: &Tree, found: &mut Findings) {
        self.walk(
            path,
            tree,
            &|value| value.get(crate::attribute::NAME)?.get(LINT)?.get(ALLOW),
            found,
        );
    }

    /// Takes in what an OpenAPI document, or a part of it, allows.
    pub(super) fn api(&mut self, path: &str, tree: &Tree, found: &mut Findings) {
        self.walk(path, tree, &|value| value.get(EXTENSION), found);
    }

    fn walk(
        &mut self,
        path: &str,
        tree: &Tree,
        allow: &dyn Fn(&Tree) -> Option<&Tree>,
        found: &mut Findings,
    ) {
        if let Some(members) = allow(tree).and_then(Tree::as_object) {
            let scope = Scope::Value(path.to_owned(), tree.span);
            self.take(path, members, &scope, found);
        }
        match &tree.value {
            Value::Object(members) => {
                for member in members {
                    self.walk(path, &member.value, allow, found);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.walk(path, item, allow, found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn take(&mut self, path: &str, members: &[Member], scope: &Scope, found: &mut Findings) {
        for member in members {
            let place = Place { file: path, at: member.key_span, within: member.value.span };
            let subject = "allowance";
            let Some(rule) = rules::find(&member.key) else {
                let text = format!("expected the id of a lint rule, found `{}`", member.key);
                found.push(&rows::ALLOWANCE_UNKNOWN, place, subject, text);
                continue;
            };
            if member.value.as_str().is_none_or(|reason| reason.trim().len() <= 2) {
                let text = format!(
                    "expected the reason why `{}` is allowed, found {}",
                    rule.id,
                    member.value.as_str().map_or(member.value.describe(), |_| "no words")
                );
                found.push(&rows::ALLOWANCE_REASON, place, subject, text);
                continue;
            }
            self.all.push(Allowance {
                rule: rule.id,
                scope: scope.clone(),
                file: path.to_owned(),
                at: member.key_span,
                used: false,
            });
        }
    }

    /// Takes in the project's file: `allow: {rule: reason}`, `files: {path: {rule: reason}}`.
    ///
    /// # Errors
    /// Where it is no YAML.
    pub(super) fn config(&mut self, file: &File, found: &mut Findings) -> Result<(), Box<Problem>> {
        let tree = openapi::parse(&file.path, &file.text)?;
        let misshapen = |text: String, span: Span, found: &mut Findings| {
            let place = Place { file: &file.path, at: span, within: span };
            found.push(&rows::ALLOWANCE_FILE, place, "allowance", text);
        };
        let members = |tree: &Tree, what: &str, found: &mut Findings| {
            if let Some(members) = tree.as_object() {
                return members.to_vec();
            }
            let text = format!("expected {what} to be an object, found {}", tree.describe());
            misshapen(text, tree.span, found);
            Vec::new()
        };
        for member in members(&tree, "the file", found) {
            match member.key.as_str() {
                "allow" => {
                    let allowed = members(&member.value, "`allow`", found);
                    self.take(&file.path, &allowed, &Scope::Project, found);
                }
                "files" => {
                    for entry in members(&member.value, "`files`", found) {
                        let allowed = members(&entry.value, "the rules of a file", found);
                        self.take(&file.path, &allowed, &Scope::Files(entry.key.clone()), found);
                    }
                }
                other => {
                    let text = format!("expected `allow` or `files`, found `{other}`");
                    misshapen(text, member.key_span, found);
                }
            }
        }
        Ok(())
    }

    /// Leaves out the findings that are allowed, each by its narrowest allowance; what an allowance itself does wrong
    /// is never allowed.
    pub(super) fn apply(mut self, findings: Findings) -> Vec<Finding> {
        self.all.sort_by_key(|allowance| allowance.scope.width());
        let mut left = Findings::default();
        let mut kept = Vec::new();
        for finding in findings.into_inner() {
            let own = finding.rule.id.starts_with("allowance-");
            let allowance = self.all.iter_mut().find(|allowance| {
                !own && allowance.rule == finding.rule.id && allowance.scope.holds(&finding)
            });
            match allowance {
                Some(allowance) => allowance.used = true,
                None => kept.push(finding),
            }
        }
        for allowance in self.all.iter().filter(|allowance| !allowance.used) {
            let place = Place { file: &allowance.file, at: allowance.at, within: allowance.at };
            let text = format!("expected a breach of `{}` to allow, found none", allowance.rule);
            left.push(&rows::ALLOWANCE_UNUSED, place, "allowance", text);
        }
        kept.extend(left.into_inner());
        kept
    }
}

/// Reads the project's file of allowances below `root`, where there is one.
///
/// # Errors
/// Where it cannot be read.
pub fn config(root: &Path) -> Result<Option<File>, crate::sync::DiskError> {
    let path = root.join(CONFIG);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(File { path: CONFIG.to_owned(), text })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(crate::sync::DiskError::new("read", &path)(error)),
    }
}
