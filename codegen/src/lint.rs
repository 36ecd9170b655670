//! `charter lint`: what good contracts have beyond what must hold. A contract that breaks a rule here still compiles.
//!
//! | module | what is in it |
//! |---|---|
//! | [`rules`] | the rules, a row each |
//! | `avro` | rules for Avro contracts |
//! | `api` | rules for OpenAPI documents |
//! | `across` | rules for both together |
//! | [`allow`] | what is switched off, where, and why |
//! | [`finding`] | what is found |
//! | `words` | what names say |

mod across;
pub mod allow;
mod api;
mod avro;
pub mod finding;
pub mod rules;
mod words;

use std::collections::BTreeMap;

use charter_avro::schema::{SchemaSet, SourceFile};
use charter_avro::source::Tree;

use self::allow::Allowances;
use self::api::Api;
use self::avro::Schemas;
use self::finding::{Finding, Findings};
use crate::check::contracts::Contracts;
use crate::check::openapi::Document;
use crate::check::workspace;
use crate::input::File;
use crate::problem::{Problem, Problems};

/// The texts of all files that a lint looked at, by their paths.
pub type Texts = BTreeMap<String, String>;

/// What a lint found.
#[derive(Debug, Default)]
pub struct Linted {
    /// The findings, sorted by file and place.
    pub findings: Vec<Finding>,
    /// The texts of all files.
    pub texts: Texts,
}

/// Holds `contracts` to all rules, but for what they and the project's `config` allow.
///
/// # Errors
/// Where a file is no contract: all that is wrong with them.
pub fn lint(contracts: &Contracts, config: Option<&File>) -> Result<Linted, (Vec<Problem>, Texts)> {
    let mut problems = Problems::default();
    let mut texts = Texts::new();
    let mut found = Findings::default();
    let mut allowances = Allowances::default();

    let sources: Vec<SourceFile> = contracts
        .schema_files()
        .into_iter()
        .map(|file| SourceFile { path: file.path, text: file.text })
        .collect();
    let (set, errors) = SchemaSet::parse(&sources);
    for error in &errors {
        problems.push(workspace::problem(error, &sources[error.file].path));
    }
    let trees = sources.iter().filter_map(|source| {
        Tree::parse_json(&source.text).ok().map(|tree| (source.path.clone(), tree))
    });
    let schemas = Schemas { set, files: trees.collect() };
    texts.extend(sources.iter().map(|source| (source.path.clone(), source.text.clone())));
    let mut documents = Vec::new();
    for path in contracts.documents() {
        match workspace::load(contracts, path) {
            Ok(document) => documents.push(document),
            Err(problem) => problems.push(*problem),
        }
    }
    for document in &documents {
        texts.extend(document.texts().map(|(path, text)| (path.to_owned(), text.to_owned())));
    }
    if let Some(config) = config {
        texts.insert(config.path.clone(), config.text.clone());
        if let Err(problem) = allowances.config(config, &mut found) {
            problems.push(*problem);
        }
    }
    if problems.errors() == 0 {
        run(&schemas, &documents, &mut allowances, &mut found, &mut problems);
    }
    if problems.errors() > 0 {
        return Err((problems.into_sorted(), texts));
    }
    let mut findings = allowances.apply(found);
    locate(&mut findings, &schemas, &documents);
    finding::sort(&mut findings);
    Ok(Linted { findings, texts })
}

fn run(
    schemas: &Schemas,
    documents: &[Document],
    allowances: &mut Allowances,
    found: &mut Findings,
    problems: &mut Problems,
) {
    for (path, tree) in &schemas.files {
        allowances.avro(path, tree, found);
    }
    for document in documents {
        for (path, tree) in document.trees() {
            allowances.api(path, tree, found);
        }
    }
    avro::lint(schemas, found);
    let apis: Vec<Api<'_>> = documents.iter().map(Api::new).collect();
    for api in &apis {
        api::lint(api, found);
    }
    across::lint(schemas, &apis, found);
    for problem in apis.into_iter().flat_map(Api::into_problems) {
        problems.push(problem);
    }
}

/// Gives each finding its JSON pointer.
fn locate(findings: &mut [Finding], schemas: &Schemas, documents: &[Document]) {
    let mut trees: BTreeMap<&str, &Tree> =
        schemas.files.iter().map(|(path, tree)| (path.as_str(), tree)).collect();
    trees.extend(documents.iter().flat_map(Document::trees));
    for finding in findings {
        if let Some(tree) = trees.get(finding.spot.origin.file.as_str()) {
            finding.spot.pointer = finding::pointer(tree, finding.spot.origin.start);
        }
    }
}
